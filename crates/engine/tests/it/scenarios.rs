use accolade_engine::store::Earlier;
use accolade_wire::identity::Content;
use expect_test::expect;

use super::play::{Play, check};

const SLOTS: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;
const CAPPED: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1},"caps":[{"points":15,"per":"day"}]}}"#;

fn with(program: &str, rest: &str) -> String {
    format!("{program}\n{rest}")
}

#[test]
fn a_void_takes_back_exactly_what_the_wager_gave() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 100.00
        wager w2 anna slots 50.50
        void  w1 anna
        void  w1 anna
        wager w1 anna slots 100.00
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +10.00 by v1  balance 10.00
            wager w2     +5.05 by v1  balance 15.05
            void w1      -10.00 takes back batch 4  balance 5.05
            void w1      repeats batch 6  balance 5.05
            wager w1     repeats batch 4  balance 5.05
        "#]],
    );
}

#[test]
fn a_void_may_come_before_its_wager_and_waits_for_one_window() {
    check(
        &with(
            SLOTS,
            "
        void  w1 anna
        wager w1 anna slots 100.00
        void  w2 anna
        after 8d
        wager w2 anna slots 100.00
    ",
        ),
        expect![[r#"
            program      made v1
            void w1      waits for its wager  balance 0.00
            wager w1     refused voided  balance 0.00
            void w2      waits for its wager  balance 0.00
            after 8d     
            wager w2     +10.00 by v1  balance 10.00
        "#]],
    );
}

#[test]
fn a_repeat_has_no_further_effect_and_other_content_is_a_dead_letter() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10
        wager w1 anna slots 10.00
        wager w1 anna slots 1e1 at -1h
        wager w1 anna slots 11
        wager w1 bert slots 10
        event w1 anna
        event w1 anna
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            wager w1     repeats batch 4  balance 1.00
            wager w1     repeats batch 4  balance 1.00
            wager w1     dead letter id_conflict: an event with the same id and other content came before  balance 1.00
            wager w1     +1.00 by v1  balance 1.00
            event w1     counted  balance 1.00
            event w1     repeats batch 9  balance 1.00
        "#]],
    );
}

#[test]
fn a_game_event_is_a_repeat_in_whatever_spelling_its_data_comes() {
    check(
        r#"
        event e1 anna {"score":1500,"level":{"of":[3,true],"name":"A"}}
        event e1 anna {"level":{"name":"\u0041","of":[3.0,true]},"score":1.5e3}
        event e1 anna {"score":1500,"level":{"of":[3,true],"name":"A","more":null},"bonus":null}
        event e1 anna {"score":1500,"level":{"of":[true,3],"name":"A"}}
        event e1 anna {"score":1501,"level":{"of":[3,true],"name":"A"}}
        event e1 anna null
    "#,
        expect![[r#"
            event e1     counted  balance 0.00
            event e1     repeats batch 3  balance 0.00
            event e1     repeats batch 3  balance 0.00
            event e1     dead letter id_conflict: an event with the same id and other content came before  balance 0.00
            event e1     dead letter id_conflict: an event with the same id and other content came before  balance 0.00
            event e1     dead letter id_conflict: an event with the same id and other content came before  balance 0.00
        "#]],
    );
}

#[test]
fn an_id_whose_content_a_newer_release_hashed_stops_the_partition() {
    let mut play = Play::new();
    play.line("event e1 anna");
    let content = Content(200 << 56);
    play.store.otherwise = Some(Earlier { batch: 3, slot: 1, content });
    let words = "an id was stored with version `200` of the list of fields that make a content; this \
                 release knows version `1`, a newer one may know it";
    let stands = |batch| format!("stands at batch {batch}: {words}\n");
    assert_eq!(play.line("event e2 anna"), stands(4));
    let mut play = Play::new();
    play.store.otherwise = Some(Earlier { batch: 1, slot: 1, content });
    assert_eq!(play.line("consent anna in"), stands(3));
}

#[test]
fn a_restamped_repeat_is_found_for_a_day_and_one_with_its_own_time_for_the_window() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10
        after 23h
        wager w1 anna slots 10
        after 3h
        wager w1 anna slots 10 at -26h
        wager w1 anna slots 10
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            after 23h    
            wager w1     repeats batch 4  balance 1.00
            after 3h     
            wager w1     repeats batch 4  balance 1.00
            wager w1     +1.00 by v1  balance 2.00
        "#]],
    );
}

#[test]
fn what_is_not_of_its_time_is_a_dead_letter_and_occupies_no_id() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10 at +3m
        wager w1 anna slots 10 at +2m
        wager w2 anna slots 10 at -169h
        wager w2 anna slots 10 at -167h
        bytes {\"wagerId\":7}
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     dead letter in_future: the event is dated more than two minutes ahead
            wager w1     +1.00 by v1  balance 1.00
            wager w2     dead letter too_late: the event is older than the window in which repeats are recognised  balance 1.00
            wager w2     +1.00 by v1  balance 2.00
            bytes        dead letter malformed: `/wagerId`: expected a text of 1 to 128 bytes without control characters, found `7`; `/playerId`: expected a text of 1 to 128 bytes without control characters, found nothing; `/operatorId`: expected a text of 1 to 128 bytes without control characters, found nothing; `/gameId`: expected a text of 1 to 128 bytes without control characters, found nothing; `/gameCategory`: expected a text of 1 to 128 bytes without control characters, found nothing
        "#]],
    );
}

#[test]
fn a_cap_counts_by_the_events_own_day_and_a_void_gives_room_back() {
    check(
        &with(
            CAPPED,
            "
        wager w1 anna slots 100.00
        wager w2 anna slots 100.00
        wager w3 anna slots 100.00
        wager w4 anna slots 100.00 at -1d
        void  w1 anna
        wager w5 anna slots 120.00
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +10.00 by v1  balance 10.00
            wager w2     +5.00 (5.00 capped) by v1  balance 15.00
            wager w3     +0.00 (10.00 capped) by v1  balance 15.00
            wager w4     +10.00 by v1  balance 25.00
            void w1      -10.00 takes back batch 4  balance 15.00
            wager w5     +10.00 (2.00 capped) by v1  balance 25.00
        "#]],
    );
}

const CAPPED_AT_100: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1},"caps":[{"points":100,"per":"day"}]}}"#;

#[test]
fn a_cap_is_remembered_for_as_long_as_an_event_of_its_day_can_be_released() {
    check(
        &with(
            CAPPED_AT_100,
            "
        wager w1 anna slots 600 at -10d
        wager w2 anna slots 600 at -10d
        wager w3 anna slots 600 at -10d
        wager w4 anna slots 10
        release 4
        deliver
        release 5
        deliver
        void w1 anna
        release 6
        deliver
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     dead letter too_late: the event is older than the window in which repeats are recognised
            wager w2     dead letter too_late: the event is older than the window in which repeats are recognised
            wager w3     dead letter too_late: the event is older than the window in which repeats are recognised
            wager w4     +1.00 by v1  balance 1.00
            release 4    done
            deliver      +60.00 by v1  balance 61.00
            release 5    done
            deliver      done
            +40.00 (20.00 capped) by v1  balance 101.00
            void w1      -60.00 takes back batch 9  balance 41.00
            release 6    done
            deliver      done
            +60.00 by v1  balance 101.00
        "#]],
    );
}

#[test]
fn a_released_wager_finds_the_cap_of_its_day_used_up_in_time() {
    check(
        &with(
            CAPPED_AT_100,
            "
        wager w1 anna slots 1000
        after 20d
        wager w2 anna slots 10
        wager w3 anna slots 600 at -20d
        release 7
        deliver
        wager w4 anna slots 600 at -40d
        release 10
        deliver
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +100.00 by v1  balance 100.00
            after 20d    
            wager w2     +1.00 by v1  balance 101.00
            wager w3     dead letter too_late: the event is older than the window in which repeats are recognised  balance 101.00
            release 7    done
            deliver      +0.00 (60.00 capped) by v1  balance 101.00
            wager w4     dead letter too_late: the event is older than the window in which repeats are recognised  balance 101.00
            release 10   done
            deliver      done
            refused too_old_for_cap  balance 101.00
        "#]],
    );
}

#[test]
fn a_message_is_taken_in_once_and_sent_again_until_it_is_answered() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10 at -200h
        release 4
        after 1m
        after 1m
        deliver
        after 1m
        deliver
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     dead letter too_late: the event is older than the window in which repeats are recognised
            release 4    done
            after 1m     
            after 1m     
            deliver      +1.00 by v1  balance 1.00
            declined received_before  balance 1.00
            declined received_before  balance 1.00
            after 1m     
            deliver      done
            done
            done
            declined received_before  balance 1.00
        "#]],
    );
}

#[test]
fn an_event_is_judged_by_the_version_of_its_own_time() {
    check(
        &with(
            SLOTS,
            r#"
        program {"currency":"EUR","earning":{"multipliers":{"slots":0.5}}} at +2h
        wager w1 anna slots 10
        after 3h
        wager w2 anna slots 10
        wager w3 anna slots 10 at -2h
    "#,
        ),
        expect![[r#"
            program      made v1
            program      made v2
            wager w1     +1.00 by v1  balance 1.00
            after 3h     
            wager w2     +5.00 by v2  balance 6.00
            wager w3     +1.00 by v1  balance 7.00
        "#]],
    );
}

#[test]
fn consent_holds_from_its_place_on() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10
        consent anna out
        wager w2 anna slots 10
        consent anna in
        wager w3 anna slots 10
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            consent anna done  balance 1.00
            wager w2     refused no_consent  balance 1.00
            consent anna done  balance 1.00
            wager w3     +1.00 by v1  balance 2.00
        "#]],
    );
}

#[test]
fn a_wager_of_an_unknown_operator_or_before_the_first_program_is_refused() {
    check(
        "
        wager w1 anna slots 10
        wager w2 anna slots 10 nobody
    ",
        expect![[r#"
            wager w1     refused no_program  balance 0.00
            wager w2     refused operator_unknown
        "#]],
    );
}

#[test]
fn a_partition_stands_where_a_rule_fails_until_that_place_is_skipped() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10
        wager w2 anna slots 13
        wager w3 anna slots 10
        skip 4
        skip 5
        wager w2 anna slots 14
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            wager w2     stands at batch 5: a stake of 13
            wager w3     stands at batch 5: a stake of 13
            skip 4       stands at batch 5: a stake of 13
            skip 5       dead letter skipped: the fold failed here; it was skipped  balance 1.00
            +1.00 by v1  balance 2.00
            done
            done
            wager w2     +1.40 by v1  balance 3.40
        "#]],
    );
}

#[test]
fn a_partition_stands_at_a_control_record_that_only_a_newer_release_knows() {
    check(
        &with(
            SLOTS,
            r#"
        wager w1 anna slots 10
        control {"control":"league","name":"spring"}
        wager w2 anna slots 10
        skip 5
    "#,
        ),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            control {"control":"league","name":"spring"} stands at batch 5: the control record `league` is not known to this release, which knows behaviours 1 to 2: start a newer one
            wager w2     stands at batch 5: the control record `league` is not known to this release, which knows behaviours 1 to 2: start a newer one
            skip 5       stands at batch 5: the control record `league` is not known to this release, which knows behaviours 1 to 2: start a newer one
        "#]],
    );
}

#[test]
fn a_dead_letter_is_released_or_discarded_once() {
    check(
        &with(
            SLOTS,
            "
        wager w1 anna slots 10 at -200h
        release 4
        release 4
        wager w2 anna slots 10 at -200h
        discard 7
        discard 7
        discard 3
    ",
        ),
        expect![[r#"
            program      made v1
            wager w1     dead letter too_late: the event is older than the window in which repeats are recognised
            release 4    done
            release 4    declined dead_letter_closed
            wager w2     dead letter too_late: the event is older than the window in which repeats are recognised
            discard 7    done
            discard 7    declined dead_letter_closed
            discard 3    declined no_such_dead_letter
        "#]],
    );
}
