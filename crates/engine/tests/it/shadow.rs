//! Tournaments that are computed beside another system's, and paid by nobody.

use expect_test::expect;

use super::lots::program;
use super::settling;
use super::tournaments::prizes_in;

#[test]
fn a_shadow_scores_and_is_settled_and_settled_again_and_nothing_of_it_is_paid() {
    let scenario = r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"mode":"shadow","approval":true,"prizes":[{"places":{"range":{"from":1,"to":2}},"win":{"points":5000}},{"places":{"range":{"from":3,"to":9}},"win":{"thing":{"kind":"voucher","name":"a cup of tea"}}}]}
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"mode":"live"}
        tournament quiz +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"mode":"shadow","optIn":true}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 bert slots 10
        wager w4 cara slots 10
        board race
        after 61m
        settled race
        approved race
        award race bert 1 50
        pay race anna 2 50
        pay race cara 3 0 1
        pay race bert 1 50
        fulfil race cara 3 paid
        fulfil race bert 1 notEligible
        paid race
        void w3 bert
        remarks race
        resettling race takes-back
        settled race
        board race
        pay race anna 1 50 was 2
        pay race cara 2 50 was 3
        pay race bert 3 0 1 was 1
        fulfil race bert 3 paid
        paid race
    "#;
    settling::check(
        &scenario.replace("PROGRAM", &program("")),
        prizes_in,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined tournament_began
            tournament quiz +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined malformed
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            wager w3 bert slots 10           +1.00 by v1  balance 2.00
            wager w4 cara slots 10           +1.00 by v1  balance 1.00
            board race                       1. bert 2  2. anna 1  3. cara 1
            after 61m                        
            settled race                     made v1
            approved race                    declined malformed
            award race bert 1 50             done  balance 2.00
            pay race anna 2 50               done  balance 1.00
            pay race cara 3 0 1              done  balance 1.00
            pay race bert 1 50               done  balance 2.00
            fulfil race cara 3 paid          declined prize_closed  balance 1.00
            fulfil race bert 1 notEligible   declined prize_closed  balance 2.00
            paid race                        made v1
            void w3 bert                     -1.00 takes back batch 10  balance 1.00
            remarks race                     0 wagers, 1 voids, 0 game events; Void w3 of bert: -1 to 1
            resettling race takes-back       made v1
            settled race                     made v1
            board race                       1. anna 1  2. cara 1  3. bert 1
            pay race anna 1 50 was 2         done  balance 1.00
            pay race cara 2 50 was 3         done  balance 1.00
            pay race bert 3 0 1 was 1        done  balance 1.00
            fulfil race bert 3 paid          declined prize_closed  balance 1.00
            paid race                        made v1
        "#]],
    );
}
