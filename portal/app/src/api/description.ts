// Made of the API's description by scripts/portal/api.sh: not to be changed by hand.

import type { Decimal } from "../format/decimal";

export interface paths {
    "/api/v1/wagers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take in wagers and voids
         * @description One object, an array, or NDJSON. An array or NDJSON of one is still many. One bad item never fails the others.
         */
        post: operations["takeInWagers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take in game events
         * @description As for wagers. An event without `event_id` gets one, and sending it again makes a new event.
         */
        post: operations["takeInEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/{eventId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An event as it came, and what became of it
         * @description Of a wager, a void or a game event. 410 when the log no longer has its bytes; the problem's `outcome` still says what became of it.
         */
        get: operations["getEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/wagers/{wagerId}/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Why a wager gave what it gave
         * @description Every stage, in order, from what was recorded then. A wager that is nothing but a dead letter is told as such.
         */
        get: operations["explainWager"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Topics that can be followed */
        get: operations["getTopics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topics/{topic}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's records of a topic, as lines of JSON
         * @description Each has `topic`, `partition`, `place`, `key`, `time` and `value`: inputs as they came, outputs as they are derived, in the order of their times. `earliest` begins where the log does, and of balances with all that there are. Four may be read at a time. Without `follow` it ends with what there was when it was asked.
         */
        get: operations["followTopic"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/player-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a token for one player's app
         * @description It sees what is the player's own, ends after `validForSeconds` (15 minutes, an hour at most) or with the key that asked for it, and is kept nowhere.
         */
        post: operations["signPlayerToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's balance
         * @description With `asOf`, what is not known of that time is null: `version` always; all but the balance where the account has more than 10,000 entries, redemptions or signals, or something has changed it that left no trace.
         */
        get: operations["getBalance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's ledger
         * @description Newest first. A page may be shorter than `limit` where `kind` passes over much; `nextCursor` says whether there is more.
         */
        get: operations["getLedger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's wagers, voids and game events, and what became of them
         * @description Newest first, as far back as the log has them, also those that gave nothing. A page ends after so much work, and may be shorter than `limit`, or empty: `nextCursor` says whether there is more, and `lookedTo` up to where it was looked. `from` and `to` are found at once.
         */
        get: operations["listPlayerEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's game events, counted
         * @description Every game event that was recorded counts once, whenever it happened; repeats and dead letters do not, and wagers are no game events. Only the first types and games of a player are counted by themselves: `otherTypes` and `otherGames` say how many events are beyond them.
         */
        get: operations["getStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/consent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a player has said about taking part */
        get: operations["getConsent"];
        /**
         * Let a player in or out
         * @description Holds from its place in the log on, and creates the account where there is none. Answers once it holds; 202 if that takes more than a few seconds.
         */
        put: operations["putConsent"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/redemptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's redemptions
         * @description Oldest first; they are kept for ten years.
         */
        get: operations["listRedemptions"];
        put?: never;
        /**
         * Reserve points
         * @description Oldest first, of those that can be spent; so many as are said, or as a reward of the catalogue costs. They stay in the balance until the redemption is confirmed, and are given back where it is cancelled, or at `holdUntil`. One of a reward that has a stock is `requested` until the stock has answered, which is waited for.
         */
        post: operations["reserveRedemption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/redemptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's redemptions
         * @description Of all players. Without a word, and for `state=reserved` alone, what is to be fulfilled, in the order of ids, for whoever fulfils it and is not told by webhooks: what has lapsed, and what is `requested` still, is left out. With another state, or a stretch of time, the newest first, for ten years. A page may be shorter than `limit`, or empty, where many were passed over; `nextCursor` says whether there is more.
         */
        get: operations["findRedemptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/redemptions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One redemption */
        get: operations["getRedemption"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/redemptions/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Spend what is reserved
         * @description One that was confirmed before is answered as it is. At exactly `holdUntil` it has lapsed.
         */
        post: operations["confirmRedemption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/redemptions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give back what is reserved
         * @description The points go back to the months that they were earned in. One that was cancelled before is answered as it is; one that was confirmed is only adjusted.
         */
        post: operations["cancelRedemption"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rewards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The rewards that are not withdrawn
         * @description Oldest first, with those that cannot be redeemed yet or any more. A player's token may ask.
         */
        get: operations["listRewards"];
        put?: never;
        /**
         * Add a reward
         * @description With a name, a price and a kind. Where it is `stocked`, nobody gets one before something is put into its stock.
         */
        post: operations["addReward"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rewards/{rewardId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One reward
         * @description Withdrawn or not. A player's token may ask.
         */
        get: operations["getReward"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a reward, or withdraw it
         * @description What is not named stays as it is. What is reserved already costs what it did. A reward that is `withdrawn` is never changed again.
         */
        patch: operations["changeReward"];
        trace?: never;
    };
    "/api/v1/rewards/{rewardId}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a reward was, and who changed it
         * @description Oldest first; nothing of it is ever taken away.
         */
        get: operations["getRewardHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rewards/{rewardId}/stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is in stock of a reward, and how that came
         * @description Oldest first; what was put in and taken out is kept for ten years.
         */
        get: operations["getRewardStock"];
        put?: never;
        /**
         * Put something into the stock of a reward, or take it out
         * @description No more is taken out than is left. The reward must be `stocked`.
         */
        post: operations["restockReward"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tournaments, the newest first
         * @description A player's token sees those that are scheduled, live or over.
         */
        get: operations["listTournaments"];
        put?: never;
        /**
         * Make a tournament, as a draft
         * @description With a name, a query or a form, and a window or when it recurs; or with a template that fills these in. Nothing counts before it is scheduled. The id of a tournament that was cancelled can be used again.
         */
        post: operations["addTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check a definition
         * @description Says what is wrong with it, of a query with line and column; or the statement written out in full, its form, and when it takes place first where it recurs.
         */
        post: operations["validateTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a draft on a past period
         * @description Says what a tournament over that period would have come to: the leaderboard, what its prizes would have cost, and the first events that count and that narrowly do not. Its own window does not matter. The log is read where it lies, nothing is changed, and it goes on when whoever asked is gone; a node tries one draft at a time. With `events` in the place of a period the answer comes at once.
         */
        post: operations["beginDryRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournament-dry-runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A dry run, and what it has found
         * @description The node that began it remembers its last ones until it stops; others ask it. Not for players.
         */
        get: operations["getDryRun"];
        put?: never;
        post?: never;
        /**
         * Cancel a dry run
         * @description One that has ended stays as it is.
         */
        delete: operations["cancelDryRun"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a tournament on a past period
         * @description The same of a tournament that is there, whatever has become of it.
         */
        post: operations["beginDryRunOf"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournament-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tournaments of the usual kinds
         * @description What each fills in of a new tournament that names it as its `template` and does not say it itself.
         */
        get: operations["listTournamentTemplates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One tournament
         * @description The newest of its id. A player's token sees one that is scheduled, live or over.
         */
        get: operations["getTournament"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a tournament
         * @description What is not named stays as it is. From five minutes before its start it goes on as it is: its name, its description and how it is shown can be changed, and it may end earlier. A change of a series is one of the occurrences that are yet to be made.
         */
        patch: operations["changeTournament"];
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a draft begin when it is time
         * @description One that has begun already is filled of what was played since its start, as far back as the log has it, before it is live. Of what recurs each occurrence is made and scheduled two days before it begins.
         */
        post: operations["scheduleTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a live tournament before its time
         * @description Events from before its new end count for as long as its grace lasts.
         */
        post: operations["endTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a tournament for good
         * @description Nothing counts in it any more, and its id can be used again. Of a series no occurrence is made any more; those that were made stay as they are.
         */
        post: operations["cancelTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a tournament came to
         * @description Positions, what was won, and what has become of it, by place: of all places at which something is won, and of the public ones. Fixed once every partition is beyond the end and its grace. A player's token sees the public positions and its own. `remarks` says what came late, which changes nothing here; where the tournament was settled again, each `version` stays as it was.
         */
        get: operations["getTournamentResults"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/prizes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say what has become of a player's prize
         * @description Whoever hands out what is no points says that it was `paid`, or has `failed`, and what has failed may be `retrying`; who is told by webhook hears of it. As long as the results wait for approval, a player may be found `not_eligible`.
         */
        post: operations["changePrize"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/seats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How many seats of a tournament are taken
         * @description Of one with `participantsMax`. While a player leaves, more may look taken than are, and never fewer.
         */
        get: operations["getSeats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/tournaments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The tournaments that a player has opted in to
         * @description The newest first; until 30 days after a tournament's end.
         */
        get: operations["listOptIns"];
        /**
         * Let a player take part in a tournament
         * @description Of one with `optIn`, from when it is scheduled until it ends: events count that are decided after it. A player may be `out` again until the tournament begins. Creates the account where there is none. With `participantsMax` it is `requested` until it is known whether there is a seat, which is waited for. Whoever repeats it is answered the same.
         */
        put: operations["putOptIn"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let the prizes of a tournament be paid
         * @description Of one whose results are fixed and wait for it. Whoever repeats it is answered the same, until the tournament is settled again: `version` says which results it is for.
         */
        post: operations["approveTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/resettle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Settle a tournament again, with what came late
         * @description Of one whose prizes are all paid, until 29 days after its end and grace. The results of now stay as a version. Who was paid gets what is won beyond that, once; who wins less keeps it, but with `takeBack`, which takes it from the balance as far as there is any. Answers what has come late, and who gains and loses by it; `dryRun=true` says that and changes nothing.
         */
        post: operations["resettleTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/leaderboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is at which position
         * @description `top` positions, from the first or from `from` on; or a player with so many `around`; or these `players`, as far as they have a position. As it is now, of all partitions; or with `asOf` as it was within the last 30 days, without players who are excluded now. A player's token sees the public positions and its own, and other names masked where the tournament says so.
         */
        get: operations["getLeaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/comparison": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * How a leaderboard differs from another system's
         * @description Of the leaderboard as it is now, or is for good, and a list of at most 10,000 positions: how many players stand at the same one, have moved, are here alone or there alone, and have the same score or another; and the first hundred lines that differ. A question that changes nothing, of a `shadow` as of any other.
         */
        post: operations["compareTournament"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tournaments/{tournamentId}/leaderboard/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The first positions as they change
         * @description Server-sent events: `snapshot` with all rows, then `change` with those that are others now, four times a second at most and only if something is; `own` with a player's own line; `final`, and the end, once no position changes any more. Who is slow gets the newest. Ends with the credential.
         */
        get: operations["watchLeaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Leaderboards, positions and balances as they change, over one connection
         * @description A WebSocket. The client says as JSON what it wants to watch, under names of its own: `{"type": "subscribe", "id": "1", "to": "leaderboard", "tournamentId": "race", "top": 10}` (or `around` a player with a `radius`, or `players`), `"to": "position"` with a `tournamentId` and `"to": "balance"`, of a `playerId` or the player whose token it is; `unsubscribe` ends that. It hears `subscribed`, a `snapshot`, then each numbered `change`, at the tournament's cadence and only the newest; `final` once nothing changes any more; and `error` with a `problem`, after which the rest goes on. `resume` of a message, given with `subscribe`, goes on from there or begins with a `snapshot`. Pages of browsers offer the protocols `accolade` and `bearer.` with a token. Balances want `players:read`. Closed with 1001 when the node stops, and 1008 when the credential is over.
         */
        get: operations["watchLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{gameId}/leaderboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is at which position in a game
         * @description By the sum of `data.score` of the game's events of the types `player_score`, `quest_completed`, `achievement_unlocked` and `boss_defeated`, or the greatest or the last, where `gameLeaderboards` of the program says so: of a day, of a week from Monday on, or of all time, in the operator's zone. An event counts in the day of its own time. What has ended is there for two days more, of weeks for two weeks. Nobody has a position in a game that is not known. What is asked for, and what a player's token sees, is as with a tournament's leaderboard.
         */
        get: operations["getGameLeaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/tournaments/{tournamentId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A public tournament
         * @description Without a credential, for pages of any origin. Whatever is not `public`, a draft, or was never there is the same 404.
         */
        get: operations["getPublicTournament"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/tournaments/{tournamentId}/leaderboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is at which position of a public tournament
         * @description The public positions, with all names masked, as they were a quarter of a second ago at most. Without a credential, for pages of any origin.
         */
        get: operations["getPublicLeaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/public/tournaments/{tournamentId}/leaderboard/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The positions of a public tournament as they change
         * @description The events of `watchLeaderboard`, as whoever asks may see them; no `own`. Ends once the tournament is not `public` any more. Without a credential, for pages of any origin.
         */
        get: operations["watchPublicLeaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whose the credential is, what it may do, and until when
         * @description Of a key, `until` is the end of the secret that was shown, which a rotation brings nearer.
         */
        get: operations["whoAmI"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/portal/sign-in/options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * At which identity providers staff sign in to the portal
         * @description What a page begins the authorization code flow with, with PKCE by S256 and `state`.
         */
        get: operations["getSignInOptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/portal/sign-in/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchange the code of an identity provider for its access token
         * @description The node asks the provider, as the client that it is there, and answers a token that it takes. Nothing of it is kept here: a session ends with its token.
         */
        post: operations["signIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's adjustments
         * @description Oldest first, those that wait and those that are decided; they are kept for ten years.
         */
        get: operations["listAdjustments"];
        put?: never;
        /**
         * Change a balance
         * @description By a person, with a reason. Beyond `adjustments.approvalAbove` of the program in force it waits until another person has approved. No adjustment takes more than there is, or counts for a tier.
         */
        post: operations["adjustBalance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's adjustments
         * @description Of all players. Without a word, and for `state=waiting` alone, what waits, in the order of ids, for whoever approves it. With another state, or a stretch of time, the newest first, for ten years. A page may be shorter than `limit`, or empty, where many were passed over; `nextCursor` says whether there is more.
         */
        get: operations["findAdjustments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/adjustments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One adjustment */
        get: operations["getAdjustment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/adjustments/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Have an adjustment made that waits
         * @description By another person than the one who asked for it.
         */
        post: operations["approveAdjustment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/adjustments/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have an adjustment not made that waits */
        post: operations["rejectAdjustment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/self-exclusion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a player is excluded */
        get: operations["getSelfExclusion"];
        /**
         * Exclude a player
         * @description From the next record on the player's wagers earn nothing (`self_excluded`, before every other rule) and nothing is reserved; redemptions that are open are cancelled, and the balance stays. Creates the account where there is none. What holds is made longer, and never shorter.
         */
        put: operations["putSelfExclusion"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/self-exclusion/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an exclusion
         * @description What was a mistake, or is over by your own rules.
         */
        post: operations["liftSelfExclusion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/opening": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take over a balance of the system before
         * @description Once for each player, whose account it creates where there is none. The points are of the month in which they are taken over, can be spent at once, and count for no tier.
         */
        post: operations["importOpening"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/signals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A player's signals
         * @description Oldest first; they are kept for ten years.
         */
        get: operations["listSignals"];
        put?: never;
        /**
         * Raise a signal of a player from outside
         * @description For an operator's own model. With `hold`, the points of `wagerId` that are in its lot still are held until somebody has decided, and the signal is `open`; it is `noted` where none are, where the wager was voided, where its points were held before, and beyond 32 signals that are open.
         */
        post: operations["raiseSignal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's signals whose points are held
         * @description Of all players, in the order of their ids, for whoever decides. A page may be shorter than `limit`, or empty, where many of other operators were passed over; `nextCursor` says whether there is more.
         */
        get: operations["listOpenSignals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One signal */
        get: operations["getSignal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signals/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let go of the points that are held
         * @description They can be spent, or mature when they would have; what has expired or was taken by voids meanwhile is gone. One that was released before is answered as it is.
         */
        post: operations["releaseSignal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signals/{id}/take": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the points that are held
         * @description An entry of the ledger takes them, as an adjustment whose cause is the signal. They stay counted for the tier. One that was taken before is answered as it is.
         */
        post: operations["takeSignal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/players/{playerId}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything held about a player
         * @description One ZIP archive: `player.json` with consent, balance, exclusion and statistics; ledger, redemptions, adjustments and signals, oldest first, as lines of JSON and as CSV; `events.ndjson` with the events that the log still has, and what became of them. `manifest.json` comes last and says how many lines each file has: an archive without it is not whole. A node makes two at once for an operator.
         */
        get: operations["exportPlayer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's ledger of a stretch of time
         * @description All players' entries as CSV, partition by partition, each in the order in which they were recorded. The last line is of the kind `end`, and its `sequence` says how many entries there are: an answer without it is not whole. A node makes two at once for an operator.
         */
        get: operations["exportLedger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The version that applies now */
        get: operations["getProgram"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The JSON Schema of the document */
        get: operations["getProgramSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/budgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What budgets of promotions have given
         * @description Of all promotions that have or had a budget, by name, over all partitions.
         */
        get: operations["listBudgets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All versions, newest first */
        get: operations["listVersions"];
        put?: never;
        /**
         * Publish a version
         * @description Checked whole, its tests run, or refused with line, column and what was expected. 412 when it was not edited from the latest version.
         */
        post: operations["publishVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version with its document */
        get: operations["getVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/versions/{version}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What changed from another version to this one */
        get: operations["compareVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/versions/{version}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish the document of an earlier version again
         * @description As the next version, with its own reason and time; wagers that were decided stay decided. `If-Match` names the latest version, or it is 412. Its tests run again.
         */
        post: operations["rollBackToVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/versions/{version}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Withdraw a version that has not begun */
        post: operations["withdrawVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/simulations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a draft on a past period
         * @description The log's records are folded beside the nodes that have them, as they were and as if the draft had been in force from the start of the period, alone from then on. Nothing is changed, and it goes on when whoever asked is gone. A node begins one at a time. What partitions tell each other is what they really did.
         */
        post: operations["beginSimulation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/program/simulations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A simulation, and what it has found
         * @description The node that began it remembers its last ones until it stops; others ask it. `differing` says whether the answer is exact.
         */
        get: operations["getSimulation"];
        put?: never;
        post?: never;
        /**
         * Cancel a simulation
         * @description One that has ended stays as it is.
         */
        delete: operations["cancelSimulation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys, without their secrets
         * @description Oldest first, revoked ones too. `lastUsed` is the hour in which this node saw a key last.
         */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make a key
         * @description The secret is shown this once. Where the answer was lost, the same request with the same `Idempotency-Key` tells the key without its secret.
         */
        post: operations["makeKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{keyId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a key another secret
         * @description The secrets before it are valid until `oldUntil`, by default for 24 hours.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{keyId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a key
         * @description It opens nothing any more: at once here, a moment later at the other nodes.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The operator's dead letters
         * @description Oldest first within each partition. A page may be shorter than `limit`, or empty, where much was passed over that is another operator's or in another state; `nextCursor` says whether there is more.
         */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How many of the operator's dead letters are open, by their reasons
         * @description A node looks at 50,000 at most, of all operators; `isComplete` says whether that were all.
         */
        get: operations["countDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One dead letter */
        get: operations["getDeadLetter"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Give a dead letter other bytes
         * @description They must be a valid event of the operator's, or 422 names the field. The dead letter stays open.
         */
        patch: operations["repairDeadLetter"];
        trace?: never;
    };
    "/api/v1/dead-letters/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Process a dead letter again
         * @description Once, under its original id, so that nothing counts twice. An event that was too late is decided by the rules of its time.
         */
        post: operations["retryDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/{id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a dead letter up */
        post: operations["discardDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Process many dead letters again
         * @description Those that are open and pass the filter, oldest first within each partition, at most `limit` of them; `nextCursor` says whether there are more, and goes on with the same filter. Each letter is changed once, whoever asks how often. With an `Idempotency-Key` the same request has the same answer; what was closed before it is then passed over, not left out.
         */
        post: operations["retryManyDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give many dead letters up
         * @description Those that are open and pass the filter, oldest first within each partition, at most `limit` of them; `nextCursor` says whether there are more, and goes on with the same filter. Each letter is changed once, whoever asks how often. With an `Idempotency-Key` the same request has the same answer; what was closed before it is then passed over, not left out.
         */
        post: operations["discardManyDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The webhooks, without their secrets
         * @description Oldest first, those that are disabled too.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Make a webhook
         * @description The secret is shown this once. Where the answer was lost, the same request with the same `Idempotency-Key` tells the webhook without its secret.
         */
        post: operations["makeWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a webhook
         * @description It is told nothing any more.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook
         * @description What is not named stays as it is.
         */
        patch: operations["changeWebhook"];
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook another secret
         * @description Messages are signed with the secret before it, too, until `oldUntil`, by default for 24 hours; an older one ends at once.
         */
        post: operations["rotateWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try a webhook
         * @description Sends it a message of the type `webhook.test`, once and at once, and answers how that went; of what the receiver says, the status alone.
         */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a webhook was told, and what waits
         * @description What failed, and what waits behind it, first; then what was taken or given up, the newest first: of each partition the last 25.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/deliveries/{deliveryId}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tell a webhook of something once more
         * @description With the same `webhook-id` and the same bytes, once and at once, also where it was taken or given up; answers how that went.
         */
        post: operations["resendDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What all players earned, spent and still have, by day, week or month
         * @description Days are those on which something was recorded, in the zone of the program in force then, in UTC without one; they are kept for ten years, and cover up to 3,700 days at once. What is under way is not in yet. Nothing is counted under behaviour 1: lines begin with behaviour 2.
         */
        get: operations["getSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/summary/totals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was ever counted of all players, for rates
         * @description It looks at no account, so that it may be asked for again and again: what was counted in between is the difference. Nothing is counted under behaviour 1.
         */
        get: operations["getTotals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who did what
         * @description Newest first. Each change, each look of staff and services at a player's data, and each request that was turned away, up to a bound; intake and what players see of their own as counts. A page may be shorter than `limit`, or empty, where much was passed over; `nextCursor` says whether there is more, and belongs to its filters. `incomplete` names what could not be read.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the node takes events in */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How all nodes are, and which partitions they have
         * @description A partition that no node says it has is on its way, or its node cannot be asked: `error` says of each why.
         */
        get: operations["listNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics for Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What a balance is to be changed by. */
        Adjust: {
            /**
             * Format: double
             * @description With at most two decimals; not 0.
             */
            points: Decimal;
            why: string;
        };
        /** @description What a person has changed a balance by, or wants to. */
        Adjustment: {
            askedAt: components["schemas"]["Time"] | null;
            /** @description Who has asked for it. */
            by: string | null;
            decidedAt: components["schemas"]["Time"] | null;
            /** @description The second person; nothing where none had to approve. */
            decidedBy: string | null;
            /** @description What that person said. */
            decision: string | null;
            /** @description Nothing in a dry run, and where it is durable and not carried out yet. */
            id: string | null;
            operatorId: string;
            playerId: string;
            points: components["schemas"]["Points"];
            /** @enum {string} */
            state: "waiting" | "made" | "rejected" | "accepted";
            /** @description Why, in words. A player's token sees neither this nor who has asked and decided. */
            why: string | null;
        };
        /**
         * Format: double
         * @description A number of at most 18 decimals.
         */
        Amount: Decimal;
        /** @description What became of an item. */
        Applying: components["schemas"]["Outcome"] & {
            /** Format: int32 */
            index: number;
        };
        /** @description A part of the trail that could not be read. */
        AuditMissing: {
            /** @description A node's name or address, or `object storage`. */
            of: string;
            why: string;
        };
        /** @description A page of the trail. */
        AuditPage: {
            /** @description What could not be read, so that records may be missing. */
            incomplete?: components["schemas"]["AuditMissing"][];
            items: components["schemas"]["AuditRecord"][];
            nextCursor: string | null;
        };
        /** @description A record of the trail. What is not there was not known, or is not to be told. */
        AuditRecord: {
            at: components["schemas"]["Time"];
            /** @description The chain that has it, in hexadecimal figures. */
            chain: string;
            /** @description The code of the problem that was answered. */
            code?: string;
            /**
             * Format: int64
             * @description How many requests it stands for.
             */
            count: number;
            /** @description How it has said who it is. */
            credential?: string;
            /** @description Nothing was to be changed. */
            dryRun?: boolean;
            keyId?: string;
            /** @enum {string} */
            kind: "began" | "read" | "change" | "denied" | "counted" | "denied_counted";
            method?: string;
            /** @description What the path names. */
            name?: string;
            /** @description The node that wrote it; of a cluster. */
            node?: string;
            /**
             * Format: int64
             * @description Its number there.
             */
            number: number;
            operatorId?: string;
            /** @description The address that it came from; not by the local socket. */
            peer?: string;
            playerId?: string;
            requestId?: string;
            /** @description The route's id, as the description has it. */
            route?: string;
            /**
             * Format: int32
             * @description The status that was answered; 0 where whoever asked had gone.
             */
            status?: number;
            /** @description Who asked. */
            subject?: string;
        };
        /** @description A player's balance. */
        Balance: {
            asOf?: components["schemas"]["Time"] | null;
            available: components["schemas"]["Points"] | null;
            expiring: components["schemas"]["Expiring"] | null;
            held: components["schemas"]["Points"] | null;
            lastUpdated: components["schemas"]["Time"];
            lastWagerId: string | null;
            nextTier: components["schemas"]["NextTier"] | null;
            operatorId: string;
            owed: components["schemas"]["Points"] | null;
            pending: components["schemas"]["Points"] | null;
            playerId: string;
            pointsBalance: components["schemas"]["Points"];
            reserved: components["schemas"]["Points"] | null;
            /** @description The level that the player has; nothing where the program has no tiers. */
            tier: string | null;
            tierPoints: components["schemas"]["Points"] | null;
            /**
             * Format: int64
             * @description Counts the changes of the account; nothing for a time in the past.
             */
            version: number | null;
        };
        /** @description A budget. */
        Budget: {
            /** @description What was given, less what voids gave back. */
            given: components["schemas"]["Points"];
            perPlayer: components["schemas"]["Points"] | null;
            points: components["schemas"]["Points"] | null;
            /** @description The promotion's name: it has the same budget in every version. */
            promotion: string;
            rest: components["schemas"]["Points"] | null;
        };
        /** @description What a wager got of the budget of a promotion. */
        BudgetPart: {
            /** @description What the budget lacked of what the promotion would have given. */
            cut: components["schemas"]["Points"];
            /** @description By how much the wager has earned more with the promotion than without, after caps. */
            given: components["schemas"]["Points"];
            /** @description The promotion's name. */
            promotion: string;
        };
        /** @description The budgets of an operator. */
        Budgets: {
            /** @description By the names of their promotions. */
            items: components["schemas"]["Budget"][];
        };
        /** @description A cap that the wager counted against. */
        Cap: {
            cut: components["schemas"]["Points"];
            /** Format: date */
            day: string;
            per: string;
        };
        /** @description What has caused an entry. */
        Cause: {
            /** @description Its id; nothing where time is the cause. */
            id: string | null;
            /** @enum {string} */
            type: "wager" | "time" | "redemption" | "adjustment" | "signal" | "import" | "tournament";
        };
        /** @description One change of a document. */
        Change: {
            from: unknown;
            /** @enum {string} */
            kind: "added" | "removed" | "changed";
            pointer: string;
            to: unknown;
        };
        /** @description What a prize is once that has become of it. */
        ChangedPrize: {
            /** Format: int32 */
            place: number;
            playerId: string;
            /** @enum {string} */
            state: "none" | "awaiting_approval" | "processing" | "paid" | "not_eligible" | "retrying" | "failed";
            tournamentId: string;
        };
        /** @description Whether a player takes part. */
        Consent: {
            /** @enum {string} */
            consent: "in" | "out";
        };
        /** @description Whether a player takes part. */
        ConsentGiven: {
            /** @enum {string} */
            consent: "in" | "out";
            operatorId: string;
            /** @enum {string} */
            outcome: "done" | "accepted";
            playerId: string;
        };
        /** @description What a player has said about taking part. */
        ConsentSaid: {
            /** @description `in` or `out` */
            consent: string | null;
            operatorId: string;
            playerId: string;
        };
        /** @description A tournament in which a wager counted. */
        CountedIn: {
            /**
             * Format: double
             * @description The score after it.
             */
            score: Decimal;
            /**
             * Format: double
             * @description By how much the player's score was more after it.
             */
            scoreDelta: Decimal;
            tournamentId: string;
            /**
             * Format: double
             * @description How much it counted by itself.
             */
            value: Decimal;
        };
        /** @description An input that could not be processed. */
        DeadLetter: {
            detail: string;
            id: string;
            /** @description Whom it names, for whoever runs the node. */
            operatorId?: string | null;
            original: string;
            /** @description The bytes, where they are not text. */
            originalHex?: string | null;
            /** @enum {string} */
            reason: "malformed" | "in_future" | "too_late" | "id_conflict" | "out_of_range" | "skipped" | "wrong_partition";
            receivedAt: components["schemas"]["Time"];
            /** @enum {string} */
            source: "http" | "file" | "node" | "released" | "kafka";
            /** @enum {string} */
            stage: "read" | "admit" | "apply";
            /** @enum {string} */
            state: "open" | "released" | "discarded";
        };
        /** @description How many dead letters are open. */
        DeadLetterCounts: {
            /** @description Of each reason; those of which there are none too. */
            byReason: {
                [key: string]: number;
            };
            /** @description Whether all were looked at; else there are more. */
            isComplete: boolean;
            /** Format: int64 */
            open: number;
        };
        /** @description Deliveries: those that wait first, then those that have ended, the newest first. */
        Deliveries: {
            items: components["schemas"]["Delivery"][];
        };
        /** @description A delivery as it is listed. */
        Delivery: {
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            endedAt?: components["schemas"]["Time"] | null;
            failingSince?: components["schemas"]["Time"] | null;
            id: string;
            /** @description The `webhook-id`, the same at every attempt. */
            messageId: string;
            nextAttemptAt?: components["schemas"]["Time"] | null;
            /** @enum {string} */
            state: "waiting" | "failing" | "delivered" | "given_up";
            /**
             * Format: int32
             * @description What was answered last.
             */
            status?: number | null;
            type: string;
        };
        /** @description What changed from one version to another. */
        Difference: {
            changes: components["schemas"]["Change"][];
            /** Format: int32 */
            from: number | null;
            /** Format: int32 */
            to: number;
        };
        /** @description The document as an object, or as YAML or JSON in a text; `/api/v1/program/schema` describes it. */
        Document: string | Record<string, unknown>;
        /** @description What the prizes would have cost, were each given. */
        DryRunCost: {
            /** Format: double */
            points: Decimal;
            things: components["schemas"]["DryRunThings"][];
            /** @description What the things are worth, as far as that is said, by currency. */
            worth: components["schemas"]["DryRunWorth"][];
        };
        /** @description How many events of the period there are, and why some of them do not count. But for `takenBack`, each is one of them. */
        DryRunEvents: {
            /**
             * Format: int64
             * @description Those that count, until they were taken back.
             */
            counted: number;
            /**
             * Format: int64
             * @description The player was excluded.
             */
            excluded: number;
            /**
             * Format: int64
             * @description Those that were looked at: of the query's source, with a time in the period.
             */
            lookedAt: number;
            /**
             * Format: int64
             * @description They came before.
             */
            repeated: number;
            /**
             * Format: int64
             * @description Wagers that counted and were voided.
             */
            takenBack: number;
            /**
             * Format: int64
             * @description No program applied to them that knows their currency.
             */
            unknownCurrency: number;
            /**
             * Format: int64
             * @description The condition does not hold.
             */
            unmatched: number;
            /**
             * Format: int64
             * @description They were voided before they came.
             */
            voided: number;
            /**
             * Format: int64
             * @description What they would count is NULL, cannot be computed, or is too much.
             */
            withoutValue: number;
        };
        /** @description An event that counts. */
        DryRunMatch: {
            eventId: string;
            playerId: string;
            timestamp: components["schemas"]["Time"];
            /**
             * Format: double
             * @description What it counts.
             */
            value: Decimal;
        };
        /** @description An event that narrowly does not. */
        DryRunMiss: {
            /** @description The clause that does not hold, while all others do. */
            clause: string;
            eventId: string;
            playerId: string;
            timestamp: components["schemas"]["Time"];
        };
        /** @description A dry run of a tournament over a past period. */
        DryRunOfTournament: {
            /**
             * Format: int64
             * @description Batches that were read.
             */
            batches: number;
            /**
             * Format: int64
             * @description Batches that the log has of the period, of the partitions that were begun.
             */
            batchesExpected: number;
            begunAt: components["schemas"]["Time"];
            endedAt: components["schemas"]["Time"] | null;
            from: components["schemas"]["Time"];
            id: string;
            logSince?: components["schemas"]["Time"] | null;
            operatorId: string;
            result: components["schemas"]["DryRunResult"] | null;
            /** @enum {string} */
            state: "running" | "done" | "failed" | "cancelled";
            to: components["schemas"]["Time"];
            /** @description Why it failed. */
            why: string | null;
        };
        /** @description A place of the leaderboard. */
        DryRunPlace: {
            /**
             * Format: int64
             * @description How many events it is made of.
             */
            events: number;
            /**
             * Format: int64
             * @description From 1; no other player has it.
             */
            place: number;
            playerId: string;
            /**
             * Format: double
             * @description What is won in points.
             */
            points: Decimal;
            /**
             * Format: int64
             * @description The same for players who share it.
             */
            position: number;
            /** @description When the score was reached: the time of the batch that last changed it. */
            reachedAt: components["schemas"]["Time"];
            /** Format: double */
            score: Decimal;
            thing: components["schemas"]["PrizeThing"] | null;
        };
        /** @description What would have come of a tournament. */
        DryRunResult: {
            cost: components["schemas"]["DryRunCost"];
            events: components["schemas"]["DryRunEvents"];
            /** @description The first hundred of the leaderboard, with what they would have won. */
            items: components["schemas"]["DryRunPlace"][];
            /** @description The first events that count. */
            matched: components["schemas"]["DryRunMatch"][];
            /** @description The first events that one clause of the condition alone has refused. */
            missed: components["schemas"]["DryRunMiss"][];
            /**
             * Format: int64
             * @description Players of whom an event counts.
             */
            players: number;
            /** @description Which events count, and how, written out in full. */
            query: string;
            /**
             * Format: int64
             * @description Those of them who have a position.
             */
            ranked: number;
        };
        /** @description How many of a thing. */
        DryRunThings: {
            /** Format: int64 */
            count: number;
            kind: string;
            name: string;
        };
        /** @description An amount of a currency. */
        DryRunWorth: {
            /** Format: double */
            amount: Decimal;
            currency: string;
        };
        /** @description An entry of the ledger. */
        Entry: {
            balanceAfter: components["schemas"]["Points"];
            cause: components["schemas"]["Cause"];
            eventTime: components["schemas"]["Time"];
            /** @description SHA-256 over this entry and the hash of the one before it. */
            hash: string;
            /** @enum {string} */
            kind: "earned" | "voided" | "expired" | "redeemed" | "adjusted" | "opening" | "prize";
            lots: components["schemas"]["Lots"] | null;
            multiplier: components["schemas"]["Multiplier"] | null;
            parts: components["schemas"]["Parts"] | null;
            place: components["schemas"]["Place"];
            points: components["schemas"]["Points"];
            /** Format: int32 */
            programVersion: number;
            recordTime: components["schemas"]["Time"];
            /** Format: int64 */
            sequence: number;
            /** @description The player's tier when the wager came. */
            tier: string | null;
        };
        /** @description Until when a player is excluded. */
        Exclude: {
            until?: components["schemas"]["Time"] | null;
            why: string;
        };
        /** @description Points that will expire. */
        Expiring: {
            at: components["schemas"]["Time"];
            points: components["schemas"]["Points"];
        };
        /** @description Why a wager gave what it gave. */
        Explanation: components["schemas"]["Outcome"] & {
            /** @description Of promotions that hold and have a budget, in the order of the program. */
            budgets?: components["schemas"]["BudgetPart"][];
            caps: components["schemas"]["Cap"][];
            /** @description Dead letters of this id. */
            deadLetters?: components["schemas"]["LetterOfEvent"][];
            /** @description Wagers of other players with the same id. */
            others?: components["schemas"]["OtherWager"][];
            parts: components["schemas"]["Parts"] | null;
            place: components["schemas"]["Place"];
            /** @description Nothing once the log no longer has the event: what is kept for years does not name players. */
            playerId: string | null;
            recordedAt: components["schemas"]["Time"];
            /** @description In order. */
            stages: components["schemas"]["Stage"][];
            /** @description In which it counted, in the order of their making; a void takes that back. */
            tournaments: components["schemas"]["CountedIn"][];
            wagerId: string;
        };
        /** @description One bad field. */
        FieldError: {
            column?: number | null;
            /** @description What was expected. */
            detail: string;
            expected?: string | null;
            given?: string | null;
            line?: number | null;
            /** @description JSON pointer, from the item on; empty for the whole. */
            pointer: string;
        };
        /** @description A game event. Without an id it gets one, and sending it again makes a new event. */
        GameEvent: {
            data?: Record<string, unknown> | null;
            event_id?: components["schemas"]["Id"] | null;
            event_type: components["schemas"]["Id"];
            game_id: components["schemas"]["Id"];
            player_id: components["schemas"]["Id"];
            timestamp: components["schemas"]["Time"];
        };
        /** @description A leaderboard of a game, or a part of it. */
        GameLeaderboard: {
            ends: components["schemas"]["Time"] | null;
            gameId: string;
            /** @description In the order of positions. */
            items: components["schemas"]["LeaderboardLine"][];
            /** @enum {string} */
            measure: "sum" | "max" | "last";
            operatorId: string;
            /** @enum {string} */
            period: "daily" | "weekly" | "allTime";
            /**
             * Format: int64
             * @description How many players have a position.
             */
            players: number;
            starts: components["schemas"]["Time"] | null;
        };
        /** @description Events of a player in a game. */
        GameStatistics: {
            eventBreakdown: {
                [key: string]: number;
            };
            gameId: string;
            /** Format: int64 */
            totalEvents: number;
        };
        /** @description A text of 1 to 128 bytes without control characters. */
        Id: string;
        /** @description A key as it is listed: never with its secret. */
        Key: {
            createdAt: components["schemas"]["Time"];
            createdBy: string;
            eventTypes: string[];
            id: string;
            lastUsed?: components["schemas"]["Time"] | null;
            name: string;
            networks: string[];
            oldUntil?: components["schemas"]["Time"] | null;
            origins: string[];
            playerId?: string | null;
            revokedAt?: components["schemas"]["Time"] | null;
            revokedBy?: string | null;
            roles: string[];
            /** @description How many secrets it has had. */
            secrets: number;
            until?: components["schemas"]["Time"] | null;
        };
        /** @description All keys, oldest first. */
        Keys: {
            items: components["schemas"]["Key"][];
        };
        /** @description A player's last event. */
        LastEvent: {
            eventId: string;
            eventType: string;
            gameId: string;
            timestamp: components["schemas"]["Time"];
        };
        /** @description A leaderboard, or a part of it. */
        Leaderboard: {
            asOf?: components["schemas"]["Time"] | null;
            /** @description No position changes any more: every partition is beyond the end and its grace. */
            isFinal: boolean;
            /** @description In the order of positions. */
            items: components["schemas"]["LeaderboardLine"][];
            operatorId: string;
            /**
             * Format: int64
             * @description How many players have a position.
             */
            players: number;
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            tournamentId: string;
        };
        /** @description A player's line of a leaderboard. */
        LeaderboardLine: {
            /**
             * Format: int64
             * @description How many events it is made of.
             */
            events: number;
            /**
             * Format: int64
             * @description How many hundredths of all players are at this position or behind it, rounded down.
             */
            percentile: number;
            /** @description The player, masked for other players where the tournament says so. */
            playerId: string;
            /**
             * Format: int64
             * @description From 1; the same for players who share it.
             */
            position: number;
            /** @description When the score was reached: the time of the batch that last changed it. */
            reachedAt: components["schemas"]["Time"];
            /** Format: double */
            score: Decimal;
        };
        /** @description A dead letter of an event that is asked for by its id. */
        LetterOfEvent: {
            detail: string;
            id: string;
            /** @enum {string} */
            kind: "wager" | "game_event" | "void";
            /** @enum {string} */
            reason: "malformed" | "in_future" | "too_late" | "id_conflict" | "out_of_range" | "skipped" | "wrong_partition";
            since: components["schemas"]["Time"];
            /** @enum {string} */
            state: "open" | "released" | "discarded";
        };
        /** @description A line of it. */
        ListedPlace: {
            playerId: string;
            /**
             * Format: int64
             * @description From 1; players may share it.
             */
            position: number;
            /**
             * Format: double
             * @description With at most 18 decimals; without, the scores are not compared.
             */
            score?: Decimal | null;
        };
        /** @description What was put into a lot, or less than nothing where it was taken. */
        Lot: {
            /** @description They are held for a signal. */
            held?: boolean;
            maturesAt: components["schemas"]["Time"] | null;
            /** @description The month that the points were earned in. */
            month: string;
            points: components["schemas"]["Points"];
        };
        /** @description What an entry has changed in an account's lots: its points are those of the lots, less the debt. */
        Lots: {
            changed: components["schemas"]["Lot"][];
            /** @description By how much the account is further below zero; less than nothing where points have paid for that. */
            debt: components["schemas"]["Points"];
            /** @description What could not be taken. */
            owed: components["schemas"]["Points"];
        };
        /** @description A key that was made or rotated. */
        MadeKey: components["schemas"]["Key"] & {
            /** @description Shown this once: neither in a dry run nor where the same request comes again. */
            secret?: string | null;
        };
        /** @description A webhook that was made or rotated. */
        MadeWebhook: components["schemas"]["Webhook"] & {
            /** @description Shown this once: neither in a dry run nor where the same request comes again. */
            secret?: string | null;
        };
        /** @description Events that were taken in, and those that were not. */
        Many: {
            accepted: number;
            rejected: components["schemas"]["Rejected"][];
            /** @description With `wait=applied`: what became of those that were. */
            results?: components["schemas"]["Applying"][] | null;
        };
        /** @description What became of the dead letters of one request. */
        ManyDeadLetters: {
            /** @description How many will be: it is durable. */
            accepted: number;
            /** @description How many are changed now. */
            changed: number;
            items: components["schemas"]["OneOfManyDeadLetters"][];
            /** @description How many the filter has found. */
            matched: number;
            nextCursor: string | null;
            /** @description How many somebody else was faster with, or had ended. */
            passedOver: number;
        };
        /** @description Points for each unit of the stake, exactly. */
        Multiplier: Decimal;
        /** @description A key as it is asked for. */
        NewKey: {
            eventTypes?: string[];
            name: string;
            networks?: string[];
            origins?: string[];
            /** @description For keys of the roles `ingest` and `player`; one of the latter has one. */
            playerId?: string | null;
            roles: ("admin" | "product" | "support" | "auditor" | "ingest" | "player")[];
            until?: components["schemas"]["Time"] | null;
        };
        /** @description A token as it is asked for. */
        NewPlayerToken: {
            playerId: string;
            /** Format: int64 */
            validForSeconds?: number | null;
        };
        /** @description What is to be put into a stock. */
        NewStock: {
            /**
             * Format: int64
             * @description How many; taken out where it is below 0. Not 0.
             */
            by: number;
            why?: string;
        };
        /** @description A webhook as it is asked for. */
        NewWebhook: {
            description?: string;
            events?: ("tier.changed" | "points.expired" | "points.expiring" | "balance.adjusted" | "redemption.requested" | "redemption.reserved" | "redemption.confirmed" | "redemption.cancelled" | "redemption.lapsed" | "signal.raised" | "signal.released" | "signal.taken" | "signal.voided" | "prize.changed")[];
            /** @description An address of `https` that is reached over the public internet. */
            url: string;
        };
        /** @description What is missing to the next level. */
        NextTier: {
            missingPoints: components["schemas"]["Points"];
            name: string;
        };
        /** @description A node among all. */
        Node: {
            /** @description Where other nodes ask it; nothing of the one that answers. */
            address: string | null;
            /** @description Why it cannot be asked. */
            error: string | null;
            /** @description Whether it is the one that answers. */
            isThis: boolean;
            status: components["schemas"]["NodeStatus"] | null;
        };
        /** @description How a node of several is. */
        NodeStatus: {
            /** @description A release that does not say so knows none beyond the first. */
            behaviours: number[];
            clockStepped: boolean;
            diskFull: boolean;
            /** @description Why it does not go on. */
            fatal: string | null;
            idsInMemory: number;
            /** @description What waits for the fold. */
            lagBytes: number;
            outlets?: components["schemas"]["Outlet"][];
            partitionsHere: number[];
            /** @description Players with an account in its partitions, of all operators. */
            players: number;
            /** @description Partitions whose fold stands. */
            standing: components["schemas"]["Standing"][];
            /** @description Its release. */
            version?: string;
        };
        /** @description All nodes, as far as they can be asked. */
        Nodes: {
            /** @description The one that answers, and then the others by their addresses. */
            items: components["schemas"]["Node"][];
            /**
             * Format: int32
             * @description How many partitions there are.
             */
            partitions: number;
        };
        /** @description One event that was taken in. */
        One: {
            event_id: string;
            status: string;
        };
        /** @description One event that was taken in, and with `wait=applied` what became of it. */
        OneApplied: components["schemas"]["Outcome"] & {
            event_id: string;
            status: string;
        };
        /** @description One of them. */
        OneOfManyDeadLetters: {
            id: string;
            /** @enum {string} */
            outcome: "released" | "discarded" | "accepted" | "passed_over";
        };
        /** @description A balance of the system before. */
        Opening: {
            /**
             * Format: double
             * @description With at most two decimals.
             */
            points: Decimal;
        };
        /** @description A balance of the system before. */
        OpeningTaken: {
            operatorId: string;
            /** @enum {string} */
            outcome: "done" | "accepted";
            playerId: string;
            points: components["schemas"]["Points"];
        };
        /** @description Whether a player takes part in a tournament. */
        OptIn: {
            playerId: string;
            /** @enum {string} */
            state: "requested" | "in" | "full" | "out" | "accepted";
            tournamentId: string;
        };
        /** @description Whether a player shall take part. */
        OptInChange: {
            /** @enum {string} */
            optIn: "in" | "out";
            tournamentId: string;
        };
        /** @description Another wager that has the same id. */
        OtherWager: components["schemas"]["Outcome"] & {
            place: components["schemas"]["Place"];
            playerId: string | null;
        };
        /** @description What became of a record. */
        Outcome: {
            /** @description What is wrong with a dead letter. */
            detail?: string | null;
            multiplier: components["schemas"]["Multiplier"] | null;
            /** @enum {string} */
            outcome: "counted" | "refused" | "repeated" | "voided" | "dead_letter" | "accepted" | "done" | "declined";
            points: components["schemas"]["Points"] | null;
            pointsBalance: components["schemas"]["Points"] | null;
            /** Format: int32 */
            programVersion: number | null;
            /** @description The first rule that said no, or why it is a dead letter. */
            reason: string | null;
        };
        /** @description How an outlet is. */
        Outlet: {
            /** @description Whether that answers. */
            isConnected?: boolean;
            /**
             * Format: int64
             * @description Batches that are folded here and have not left; nothing where it is not known.
             */
            lagBatches: number | null;
            /**
             * Format: int64
             * @description The age of the oldest of them, in milliseconds; the time since the start where they are not known.
             */
            lagMs?: number;
            /**
             * Format: int64
             * @description Records that were refused for good since the start, and left out.
             */
            lost: number;
            /** @description What it is: `kafka` for the output topics, `postgres`, `redis`. */
            name: string;
            /**
             * Format: int64
             * @description Records that have left since the start: messages, rows of the ledger, scores and hashes.
             */
            records?: number;
            /** @description What keeps all of it, or one partition, from going on. */
            trouble: string[];
        };
        PageOfAdjustment: {
            items: components["schemas"]["Adjustment"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfDeadLetter: {
            items: components["schemas"]["DeadLetter"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfEntry: {
            items: components["schemas"]["Entry"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfOptIn: {
            items: components["schemas"]["OptIn"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfRedemption: {
            items: components["schemas"]["Redemption"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfSignal: {
            items: components["schemas"]["Signal"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfTournament: {
            items: components["schemas"]["Tournament"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        PageOfVersion: {
            items: components["schemas"]["Version"][];
            /** @description Where the next page begins; nothing after the last one. */
            nextCursor: string | null;
        };
        /** @description What a multiplier is made of. */
        Parts: {
            /** @description The game's or the category's multiplier. */
            base: components["schemas"]["Rate"];
            /** @description Those that counted, in the order of the program. */
            promotions: components["schemas"]["PromotionPart"][];
            /** @description From the stake's currency to the program's. */
            rate: components["schemas"]["Rate"];
            tier: components["schemas"]["TierPart"] | null;
        };
        /** @description Where a record stands. */
        Place: {
            /** Format: int64 */
            batch: number;
            /** Format: int32 */
            number: number;
            /** Format: int32 */
            partition: number;
            /** Format: int32 */
            slot: number;
        };
        /** @description A page of a player's events. */
        PlayerEvents: {
            /** @description Newest first. */
            items: components["schemas"]["RecordedEvent"][];
            lookedTo: components["schemas"]["Time"] | null;
            nextCursor: string | null;
        };
        /** @description A player's game events, counted. */
        PlayerStatistics: {
            /** @description By type, for the first 64 types of the player. */
            eventBreakdown: {
                [key: string]: number;
            };
            /** @description In the order in which the player came to them, for the first 256 pairs of a game and a type. */
            games: components["schemas"]["GameStatistics"][];
            lastEvent: components["schemas"]["LastEvent"] | null;
            operatorId: string;
            /**
             * Format: int64
             * @description Events that stand in none of `games`.
             */
            otherGames: number;
            /**
             * Format: int64
             * @description Events of other types.
             */
            otherTypes: number;
            playerId: string;
            /** Format: int64 */
            totalEvents: number;
        };
        /** @description A token for one player's app. */
        PlayerToken: {
            operatorId: string;
            playerId: string;
            scopes: string[];
            token: string;
            until: components["schemas"]["Time"];
        };
        /** @description Loyalty points, with two decimals. */
        Points: Decimal;
        /** @description Loyalty points of many players, with two decimals. */
        PointsTogether: Decimal;
        /** @description What has become of a prize. */
        PrizeChange: {
            /**
             * Format: int32
             * @description The place at which it was won.
             */
            place: number;
            /** @enum {string} */
            state: "paid" | "failed" | "retrying" | "not_eligible";
            tournamentId: string;
            why: string;
        };
        /** @description Something that is won and is no points. */
        PrizeThing: {
            /** @description What kind of thing it is, in the operator's words. */
            kind: string;
            /** @description What players call it. */
            name: string;
            value?: components["schemas"]["PrizeValue"] | null;
        };
        /** @description What a thing is worth. */
        PrizeValue: {
            /** @description A decimal as a text, more than 0, with at most 18 decimals. */
            amount: string;
            currency: string;
        };
        /** @description A problem as it is answered (RFC 9457). */
        Problem: {
            /** @enum {string} */
            code: "unauthorized" | "forbidden" | "not_found" | "method_not_allowed" | "bad_query" | "bad_cursor" | "bad_header" | "malformed" | "too_slow" | "too_large" | "unsupported_media_type" | "gone" | "stale" | "operator_exists" | "operator_paused" | "key_exists" | "too_many_keys" | "too_many_webhooks" | "behaviour_earlier" | "no_secrets_key" | "not_scheduled" | "dead_letter_closed" | "not_standing_there" | "behaviour_unknown" | "self_excluded" | "no_consent" | "no_program" | "below_minimum" | "insufficient_points" | "too_many_open" | "redemption_requested" | "reward_exists" | "no_such_reward" | "reward_withdrawn" | "reward_not_valid" | "tier_not_entitled" | "segment_not_entitled" | "jurisdiction_not_entitled" | "reward_limit" | "out_of_stock" | "not_stocked" | "too_many_rewards" | "tournament_exists" | "tournament_began" | "tournament_over" | "tournament_past" | "tournament_not_live" | "tournament_filling" | "tournament_not_settled" | "no_such_prize" | "prize_closed" | "prizes_under_way" | "nothing_late" | "no_opt_in" | "tournament_not_scheduled" | "tournament_full" | "no_seats" | "opt_in_fixed" | "too_many_tournaments" | "redemption_confirmed" | "redemption_cancelled" | "redemption_lapsed" | "adjustment_closed" | "own_adjustment" | "signal_closed" | "opening_exists" | "not_excluded" | "exclusion_holds" | "out_of_range" | "behaviour_too_old" | "simulation_runs" | "idempotency_key_reused" | "invalid" | "rate_limited" | "busy" | "uncertain" | "audit_failed" | "disk_full" | "stopping" | "elsewhere" | "identity_provider_away" | "failed";
            /** @description What it is about this time, for people. */
            detail: string;
            errors?: components["schemas"]["FieldError"][];
            /** @description The request, by its `X-Request-Id`; not with a part of one. */
            instance?: string | null;
            /** @description With 410: what is still known. */
            outcome?: Record<string, unknown> | null;
            /** Format: int32 */
            status: number;
            /** @description One line for the kind of problem. */
            title: string;
            type: string;
        };
        /** @description What a promotion gave. */
        PromotionPart: {
            /** @description Points on top, which are not multiplied. */
            bonus: components["schemas"]["Points"];
            multiply: components["schemas"]["Rate"];
            name: string;
        };
        /** @description A leaderboard, as whoever asks sees it. */
        PublicLeaderboard: {
            /** @description No position changes any more. */
            isFinal: boolean;
            /** @description In the order of positions. */
            items: components["schemas"]["PublicLeaderboardLine"][];
            operatorId: string;
            /**
             * Format: int64
             * @description How many players have a position.
             */
            players: number;
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            tournamentId: string;
        };
        /** @description A line of it. */
        PublicLeaderboardLine: {
            /**
             * Format: int64
             * @description How many events it is made of.
             */
            events: number;
            /** @description The player, masked. */
            playerId: string;
            /**
             * Format: int64
             * @description From 1; the same for players who share it.
             */
            position: number;
            /** @description When the score was reached. */
            reachedAt: components["schemas"]["Time"];
            /**
             * Format: int64
             * @description From 1; nobody shares it.
             */
            row: number;
            /** Format: double */
            score: Decimal;
        };
        /** @description A tournament, as whoever asks is told of it. */
        PublicTournament: {
            description: string;
            ends: components["schemas"]["Time"];
            name: string;
            operatorId: string;
            /** Format: int32 */
            publicPositions: number;
            starts: components["schemas"]["Time"];
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            timezone: string;
            tournamentId: string;
        };
        /** @description A version to be published. */
        Publication: {
            effectiveFrom?: components["schemas"]["Time"] | null;
            program: components["schemas"]["Document"];
            why: string;
        };
        /** @description What somebody outside has found of a player. */
        RaiseSignal: {
            /** @description Whether its points are held until somebody decides. */
            hold?: boolean | null;
            name: string;
            /** @description The wager that it is about. */
            wagerId?: string | null;
            why: string;
        };
        /** @description A factor, exactly. */
        Rate: Decimal;
        /** @description Whether a node takes events in. */
        Readiness: {
            /** @description What follows the fold. It does not make the node less ready. */
            outlets?: components["schemas"]["Outlet"][];
            /** @description How many partitions this node has. */
            partitionsHere: number;
            ready: boolean;
            /** @description Why it takes nothing in. */
            reasons: string[];
            /** @description Partitions whose fold stands; their events are taken in and wait. */
            standing: components["schemas"]["Standing"][];
        };
        /** @description An event, and what became of it. */
        RecordedEvent: components["schemas"]["Outcome"] & {
            /** @description Dead letters of this id. */
            deadLetters?: components["schemas"]["LetterOfEvent"][];
            /** @description As it came. */
            event: Record<string, unknown> | null;
            eventId: string;
            /** @enum {string} */
            kind: "wager" | "game_event" | "void";
            /** @description Other events with the same id, such as a wager's void. */
            others?: components["schemas"]["RecordedEvent"][];
            place: components["schemas"]["Place"];
            receivedAt: components["schemas"]["Time"] | null;
            recordedAt: components["schemas"]["Time"];
            source: string | null;
        };
        /** @description A time of the clock on every day. */
        RecursDaily: {
            /** @description Such as `18:00`. */
            at: string;
        };
        /** @description A time of the clock on a day of every month. */
        RecursMonthly: {
            /** @description Such as `18:00`. */
            at: string;
            /**
             * Format: int32
             * @description From 1; the last day of months that have no such day.
             */
            day: number;
        };
        /** @description A time of the clock on some days of the week. */
        RecursWeekly: {
            /** @description Such as `18:00`. */
            at: string;
            /** @description From `mon` to `sun`. */
            on: string[];
        };
        /** @description A redemption. */
        Redemption: {
            closedAt: components["schemas"]["Time"] | null;
            holdUntil: components["schemas"]["Time"] | null;
            /** @description Nothing in a dry run, and where it is durable and not made yet. */
            id: string | null;
            /** @description What they are to be spent on; may be empty. */
            item: string;
            /** @description Which points those are, oldest first. */
            lots: components["schemas"]["Lot"][];
            operatorId: string;
            playerId: string;
            points: components["schemas"]["Points"];
            /** Format: int32 */
            programVersion: number | null;
            reservedAt: components["schemas"]["Time"] | null;
            /** @description The reward, where it is one of the catalogue. */
            rewardId: string | null;
            /** @enum {string} */
            state: "reserved" | "confirmed" | "cancelled" | "lapsed" | "requested" | "accepted";
            /** @description Why it was cancelled, where somebody has said so. A player's token does not see it. */
            why: string | null;
        };
        /** @description An item that was not taken in. */
        Rejected: {
            /** @description From 0; blank lines have none. */
            index: number;
            problem: components["schemas"]["Problem"];
        };
        /** @description What a dead letter is to be. */
        Repair: {
            /** @description The repaired event, as JSON in a text. */
            original: string;
        };
        /** @description Points to be redeemed. */
        Reserve: {
            /** @description What they are to be spent on, in your own words or ids; a reward has its name. */
            item?: string | null;
            /** @description The player's jurisdiction, likewise. */
            jurisdiction?: string | null;
            /** @description The player's segment, where the reward is for some alone. A player's own token does not say it. */
            playerSegment?: string | null;
            /**
             * Format: double
             * @description With at most two decimals. Either this or `rewardId`.
             */
            points?: Decimal | null;
            /** @description A reward of the catalogue, which has the price. */
            rewardId?: string | null;
        };
        /** @description What was put into a stock, or taken out. */
        Restock: {
            at: components["schemas"]["Time"];
            /**
             * Format: int64
             * @description How many; taken out where it is below 0.
             */
            by: number;
            /**
             * Format: int64
             * @description How many were left then.
             */
            left: number;
            who: string;
            why: string;
        };
        /** @description A stock that was changed. */
        Restocked: {
            /** Format: int64 */
            by: number;
            /**
             * Format: int64
             * @description How many are left now, or in a dry run would be; nothing where it is not decided yet.
             */
            left: number | null;
            rewardId: string;
        };
        /** @description A reward. */
        Reward: {
            description: string;
            from: components["schemas"]["Time"] | null;
            id: string;
            jurisdictions: string[];
            kind: string;
            limit: components["schemas"]["RewardLimit"] | null;
            name: string;
            picture: string | null;
            points: components["schemas"]["Points"];
            segments: string[];
            stocked: boolean;
            tiers: string[];
            until: components["schemas"]["Time"] | null;
            value: components["schemas"]["RewardValue"] | null;
            withdrawn: boolean;
        };
        /** @description What is said of a reward: a new one has a name, a price and a kind, and of one that is there, what is not named stays
         *     as it is. */
        RewardChange: {
            description?: string | null;
            from?: components["schemas"]["Time"] | null;
            /** @description Of a new one; made here where it is not said. */
            id?: string | null;
            /** @description The jurisdictions that it is for; all where there are none. */
            jurisdictions?: string[] | null;
            /** @description What kind of thing it is, in your own words, such as `cash`, `voucher` or `crypto`. */
            kind?: string | null;
            limit?: components["schemas"]["RewardLimit"] | null;
            name?: string | null;
            /** @description An address of `https`; an empty one for none. */
            picture?: string | null;
            /**
             * Format: double
             * @description The price, with at most two decimals.
             */
            points?: Decimal | null;
            /** @description The segments that it is for; all where there are none. */
            segments?: string[] | null;
            /** @description Whether there are only so many of it as were put into its stock. */
            stocked?: boolean | null;
            /** @description The names of the tiers that it is for; all where there are none. */
            tiers?: string[] | null;
            until?: components["schemas"]["Time"] | null;
            value?: components["schemas"]["RewardValue"] | null;
            /** @description `true`: nobody redeems it any more, and it is never changed again. */
            withdrawn?: boolean | null;
        };
        /** @description All that was said of a reward, oldest first. */
        RewardHistory: {
            items: components["schemas"]["RewardSaid"][];
        };
        /** @description How often a player may redeem a reward: in each day, week (from Monday on), month or year of the program's time
         *     zone, or ever. */
        RewardLimit: {
            /** Format: int32 */
            count: number;
            /** @enum {string} */
            per: "day" | "week" | "month" | "year" | "ever";
        };
        /** @description What was said of a reward. */
        RewardSaid: {
            at: components["schemas"]["Time"];
            reward: components["schemas"]["Reward"];
            who: string;
        };
        /** @description What is in stock of a reward, and how that came, oldest first. */
        RewardStock: {
            items: components["schemas"]["Restock"][];
            /**
             * Format: int64
             * @description How many are left.
             */
            left: number;
            nextCursor: string | null;
            /**
             * Format: int64
             * @description How many were put in, less those that were taken out again.
             */
            put: number;
            rewardId: string;
            /**
             * Format: int64
             * @description How many of them redemptions have, open ones too.
             */
            taken: number;
        };
        /** @description What a reward is worth, exactly. */
        RewardValue: {
            /** @description A decimal as a text, more than 0, with at most 18 decimals. */
            amount: string;
            currency: string;
        };
        /** @description All rewards that are not withdrawn, oldest first. */
        Rewards: {
            items: components["schemas"]["Reward"][];
        };
        /** @description An earlier version to be published again. */
        Rollback: {
            effectiveFrom?: components["schemas"]["Time"] | null;
            why: string;
        };
        /** @description A rotation as it is asked for. */
        Rotation: {
            oldUntil?: components["schemas"]["Time"] | null;
        };
        /** @description Whether a player is excluded. */
        SelfExclusion: {
            from: components["schemas"]["Time"] | null;
            isExcluded: boolean;
            operatorId: string;
            playerId: string;
            until: components["schemas"]["Time"] | null;
            /** @description What was said last. A player's token does not see it. */
            why: string | null;
        };
        /** @description A part of a whole, with four decimals. */
        Share: Decimal;
        /** @description A code, with what shows that whoever sends it has begun it. */
        SignIn: {
            code: string;
            /** @description What the challenge was made of (RFC 7636). */
            codeVerifier: string;
            /** @description One of the options. */
            issuer: string;
            /** @description The same as the issuer was asked with: the portal's own address. */
            redirectUri: string;
        };
        /** @description An issuer at which staff may sign in. */
        SignInOption: {
            /** @description Where a browser is sent; null while the issuer has not said so. */
            authorizationEndpoint: string | null;
            clientId: string;
            issuer: string;
            /** @description What to call it. */
            name: string;
            /** @description What the request has to say beside. */
            parameters: {
                [key: string]: string;
            };
            /** @description Where the issuer may send the browser back to; empty where the address of the page does. */
            redirectUris: string[];
            /** @description With spaces between. */
            scope: string;
        };
        /** @description Where staff may sign in. */
        SignInOptions: {
            items: components["schemas"]["SignInOption"][];
        };
        /** @description A signal that a wager has raised, or somebody outside. */
        Signal: {
            /** @description Who has decided. */
            by: string | null;
            closedAt: components["schemas"]["Time"] | null;
            /** @description Nothing in a dry run, and where it is durable and not raised yet. */
            id: string | null;
            operatorId: string;
            playerId: string;
            /** @description Points of the wager that were held when it was raised; a dry run does not count them. */
            points: components["schemas"]["Points"];
            /** Format: int32 */
            programVersion: number | null;
            raisedAt: components["schemas"]["Time"] | null;
            /** @description Who has raised it from outside. */
            raisedBy: string | null;
            /** @description Why, in words. */
            raisedWhy: string | null;
            /** @description The lines that the wager is above. */
            signals: components["schemas"]["SignalFinding"][];
            /** @enum {string} */
            state: "noted" | "open" | "released" | "taken" | "voided" | "accepted";
            /** @description The wager that it is about; nothing where it is about none. */
            wagerId: string | null;
            wageredAt: components["schemas"]["Time"] | null;
            /** @description What that person said. */
            why: string | null;
        };
        /** @description A line that a wager is above. */
        SignalFinding: {
            /** @enum {string} */
            kind: "velocity" | "stakeJump" | "gamingSystems" | "winRatio" | "minimumPlay" | "outside";
            line: components["schemas"]["Rate"];
            /** @description The signal's name in the program. */
            name: string;
            /** @description What was measured, to eight decimals, rounded down. */
            observed: components["schemas"]["Rate"];
        };
        /** @description A token of an issuer's, which opens this API. */
        SignedIn: {
            /** @description The operators that it is for; of several, each request names one. */
            operators: string[];
            /** @description For `Authorization: Bearer`. */
            token: string;
            until: components["schemas"]["Time"] | null;
        };
        /** @description A draft to be tried on a past period. */
        Simulate: {
            from: components["schemas"]["Time"];
            program: components["schemas"]["Document"];
            to?: components["schemas"]["Time"] | null;
        };
        /** @description How many wagers counted, and what they earned. */
        SimulatedCount: {
            /** Format: double */
            points: Decimal;
            /** Format: int64 */
            wagers: number;
        };
        /** @description What wagers of one category, segment, jurisdiction or tier earned. */
        SimulatedGroup: {
            /** @description Empty for those without one, and for those beyond the first thousand. */
            name: string;
            was: components["schemas"]["SimulatedCount"];
            would: components["schemas"]["SimulatedCount"];
        };
        /** @description What a player earned, less what voids took. */
        SimulatedPlayer: {
            playerId: string;
            /** Format: double */
            was: Decimal;
            /** Format: double */
            would: Decimal;
        };
        /** @description How many players stand at a tier in the end. */
        SimulatedTier: {
            name: string;
            /** Format: int64 */
            was: number;
            /** Format: int64 */
            would: number;
        };
        /** @description What one side gave in all. */
        SimulatedTotal: {
            counted: components["schemas"]["SimulatedCount"];
            /** Format: int64 */
            refused: number;
            /**
             * Format: double
             * @description What voids took; zero or less.
             */
            voided: Decimal;
        };
        /** @description A simulation of a draft. */
        Simulation: {
            /**
             * Format: int64
             * @description Batches that were folded.
             */
            batches: number;
            /**
             * Format: int64
             * @description Batches that the log has of the partitions that were begun.
             */
            batchesExpected: number;
            begunAt: components["schemas"]["Time"];
            endedAt: components["schemas"]["Time"] | null;
            from: components["schemas"]["Time"];
            id: string;
            logSince?: components["schemas"]["Time"] | null;
            operatorId: string;
            result: components["schemas"]["SimulationResult"] | null;
            /** @enum {string} */
            state: "running" | "done" | "failed" | "cancelled";
            to: components["schemas"]["Time"];
            /** @description Why it failed. */
            why: string | null;
        };
        /** @description What a simulation has found. */
        SimulationResult: {
            byCategory: components["schemas"]["SimulatedGroup"][];
            byJurisdiction: components["schemas"]["SimulatedGroup"][];
            bySegment: components["schemas"]["SimulatedGroup"][];
            /** @description By the tier that a player had when the wager came. */
            byTier: components["schemas"]["SimulatedGroup"][];
            /**
             * Format: int64
             * @description Of these, how many were really decided otherwise than `was` has it, since what was before the log's first record
             *     is not there: where this is 0, the answer is exact.
             */
            differing: number;
            /** @description The twenty players who gain most; none for a credential that may not see players. */
            gained: components["schemas"]["SimulatedPlayer"][];
            /** @description The same, who lose most. */
            lost: components["schemas"]["SimulatedPlayer"][];
            /**
             * Format: int64
             * @description Wagers and voids of the period.
             */
            records: number;
            /** @description Players by tier at the end of the period, of those whom the log tells of. */
            tiers: components["schemas"]["SimulatedTier"][];
            was: components["schemas"]["SimulatedTotal"];
            would: components["schemas"]["SimulatedTotal"];
        };
        /** @description A stage that a wager went through. */
        Stage: {
            detail: string;
            result: string;
            /** @enum {string} */
            stage: "received" | "duplicate" | "eligible" | "multiplier" | "budgets" | "caps" | "points" | "balance" | "voided" | "dead_letter" | "released" | "discarded";
        };
        /** @description A partition whose fold stands. */
        Standing: {
            message: string;
            place: components["schemas"]["Place"];
        };
        /** @description What an operator's players earned, spent and still have. */
        Summary: {
            /** @description `day`, `week` or `month`. */
            by: string;
            /** @description Oldest first, from the first day on on which anything was counted. */
            items: components["schemas"]["SummaryLine"][];
            now: components["schemas"]["SummaryNow"];
            operatorId: string;
        };
        /** @description Accounts together. */
        SummaryAccounts: {
            /** @description What players owe: the sum of balances below 0, as a number above 0. */
            debt: components["schemas"]["PointsTogether"];
            /** @description All points that are not spent yet: the sum of balances above 0. */
            liability: components["schemas"]["PointsTogether"];
            /**
             * Format: int64
             * @description Players who have an account.
             */
            players: number;
        };
        /** @description What was counted on some days. */
        SummaryLine: {
            /** @description What there was at the end. */
            closing: components["schemas"]["SummaryAccounts"];
            /** @description The first day. */
            from: string;
            /**
             * Format: int64
             * @description Players who were seen for the first time.
             */
            newPlayers: number;
            /** @description Of those that were earned, those that could not be spent at once. */
            pending: components["schemas"]["PointsTogether"];
            /** @description Points of entries by kind, as ledgers have them: below 0 where they were taken. */
            points: {
                [key: string]: components["schemas"]["PointsTogether"];
            };
            /** @description Prizes of tournaments by what has become of them. */
            prizes: {
                [key: string]: number;
            };
            redemptionRate?: components["schemas"]["Share"] | null;
            /** @description Redemptions by what has become of them. */
            redemptions: {
                [key: string]: number;
            };
            /** @description The last. */
            to: string;
            /**
             * Format: int64
             * @description Wagers that counted.
             */
            wagersCounted: number;
            /**
             * Format: int64
             * @description Wagers that did not.
             */
            wagersRefused: number;
            /**
             * Format: int64
             * @description Wagers that were taken back.
             */
            wagersVoided: number;
        };
        /** @description What there is now. */
        SummaryNow: components["schemas"]["SummaryAccounts"] & {
            averageBalance?: components["schemas"]["PointsTogether"] | null;
            /** @description Points that are held until a person decides about a signal; they are, too. */
            held: components["schemas"]["PointsTogether"];
            /** @description Points that were earned and cannot be spent yet; they are, too. */
            pending: components["schemas"]["PointsTogether"];
            /** @description Points that are reserved; they are part of the liability. */
            reserved: components["schemas"]["PointsTogether"];
            /** @description How many players are at which level: those of the program in force from the lowest on, then others that players were
             *     brought to before, then none. */
            tiers: components["schemas"]["SummaryTier"][];
            /** @description Tournaments that are announced and not paid yet, by their state; those that are `final` wait for approval, or are
             *     being paid. */
            tournaments: {
                [key: string]: number;
            };
            /** @description Those of them that have begun, the oldest first; the newest 100. */
            underWay: components["schemas"]["SummaryTournament"][];
        };
        /** @description Players at a level. */
        SummaryTier: {
            /** Format: int64 */
            players: number;
            /** @description The level's name; nothing for players without a tier. */
            tier: string | null;
        };
        /** @description What was ever counted of an operator. */
        SummaryTotals: components["schemas"]["SummaryAccounts"] & {
            operatorId: string;
            /** @description Points by the kind of their entries, signed. */
            points: {
                [key: string]: components["schemas"]["PointsTogether"];
            };
            /**
             * Format: int64
             * @description Wagers that counted.
             */
            wagersCounted: number;
            /**
             * Format: int64
             * @description Wagers that did not.
             */
            wagersRefused: number;
            /** Format: int64 */
            wagersVoided: number;
        };
        /** @description A tournament that has begun and is not paid yet. */
        SummaryTournament: {
            averageScore?: components["schemas"]["PointsTogether"] | null;
            name: string;
            /**
             * Format: int64
             * @description Players who have a position.
             */
            players: number;
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            tournamentId: string;
        };
        /** @description The multiplier of a tier. */
        TierPart: {
            multiplier: components["schemas"]["Rate"];
            name: string;
        };
        /**
         * Format: date-time
         * @description RFC 3339, in UTC.
         */
        Time: string;
        /** @description Topics that can be followed. */
        Topics: {
            items: string[];
        };
        /** @description A tournament. */
        Tournament: {
            /** @description A person has to approve of the results before anything is paid. */
            approval: boolean;
            /** @enum {string} */
            cadence: "realTime" | "10s" | "1m";
            /**
             * Format: double
             * @description The most that one event counts.
             */
            cap: Decimal | null;
            /**
             * Format: double
             * @description The most that a player's events of one day of the zone count together.
             */
            capPerDay: Decimal | null;
            /**
             * Format: double
             * @description The most that a player's events of one hour count together, as clocks of the zone show it.
             */
            capPerHour: Decimal | null;
            changedAt: components["schemas"]["Time"];
            /** @description Who changed it last; nothing for players. */
            changedBy: string | null;
            description: string;
            ends: components["schemas"]["Time"] | null;
            /** Format: int32 */
            eventsMin: number;
            filling: components["schemas"]["TournamentFilling"] | null;
            form: components["schemas"]["TournamentForm"] | null;
            /** Format: int32 */
            graceSeconds: number;
            masked: boolean;
            /** @enum {string} */
            mode: "live" | "shadow";
            name: string;
            /** @description The next occurrences of a series. */
            next: components["schemas"]["TournamentOccurrence"][];
            operatorId: string;
            /** @description Only events of players count who have opted in before. */
            optIn: boolean;
            /**
             * Format: int32
             * @description So many players can take part; as many as want to where this is nothing.
             */
            participantsMax: number | null;
            /** @description What there is to win; of several that are for a place it is the first. */
            prizes: components["schemas"]["TournamentPrize"][];
            public: boolean;
            /** Format: int32 */
            publicPositions: number;
            /** @description Which events count, and how, written out in full. */
            query: string;
            recurs: components["schemas"]["TournamentRecurrence"] | null;
            /** @description The series of which it is an occurrence. */
            series: string | null;
            starts: components["schemas"]["Time"] | null;
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            /** @enum {string} */
            ties: "first" | "mostEvents" | "fewestEvents" | "shared";
            timezone: string;
            tournamentId: string;
            /** @description Why; nothing where nobody said so, and for players. */
            why: string | null;
        };
        /** @description That the prizes of a tournament may be paid, and why. */
        TournamentApproval: {
            /**
             * Format: int32
             * @description Which version of the results is approved of; the first without.
             */
            version?: number | null;
            why?: string | null;
        };
        /** @description What is said of a tournament: a new one has a name, a query or a form, and a window or when it recurs; and of one that is
         *     there, what is not named stays as it is. */
        TournamentChange: {
            /** @description A person has to approve of the results before anything is paid; without, it is paid at once. */
            approval?: boolean | null;
            /** @enum {string} */
            cadence?: "realTime" | "10s" | "1m";
            /**
             * Format: double
             * @description The most that one event counts; as much as it does for `null`.
             */
            cap?: Decimal | null;
            /**
             * Format: double
             * @description The most that a player's events of one day of the zone count together; of sums alone.
             */
            capPerDay?: Decimal | null;
            /**
             * Format: double
             * @description The most that a player's events of one hour count together, as clocks of the zone show it; of sums alone.
             */
            capPerHour?: Decimal | null;
            description?: string | null;
            ends?: components["schemas"]["Time"] | null;
            /**
             * Format: int32
             * @description With fewer events a player has no position.
             */
            eventsMin?: number | null;
            form?: components["schemas"]["TournamentForm"] | null;
            /**
             * Format: int32
             * @description For so long after the end events from before it still count; 30 without.
             */
            graceSeconds?: number | null;
            /** @description Of a new one; made here where it is not said. */
            id?: string | null;
            /** @description Players see each other's names masked. */
            masked?: boolean | null;
            /** @enum {string} */
            mode?: "live" | "shadow";
            name?: string | null;
            /** @description Only events of players count who have opted in before. Stays once the tournament is scheduled. */
            optIn?: boolean | null;
            /**
             * Format: int32
             * @description So many players can take part, of those who opt in; as many as want to for `null`. No fewer once it is scheduled.
             */
            participantsMax?: number | null;
            /** @description What there is to win; of several that are for a place it is the first. Nothing of it changes from five minutes before
             *     the tournament's start. */
            prizes?: components["schemas"]["TournamentPrize"][] | null;
            /** @description Whoever asks sees the public positions without a credential, with all names masked. */
            public?: boolean | null;
            /**
             * Format: int32
             * @description So many positions are shown to players, beside their own; 100 without.
             */
            publicPositions?: number | null;
            /** @description Which events count, as a statement of SQL; what ksqlDB has around it may stay. */
            query?: string | null;
            recurs?: components["schemas"]["TournamentRecurrence"] | null;
            /** @description How they count, where the statement does not say so, such as `SUM(wagerAmount)`. */
            score?: string | null;
            starts?: components["schemas"]["Time"] | null;
            /** @description Of a new one: the template that fills in what is not said. */
            template?: string | null;
            /** @enum {string} */
            ties?: "first" | "mostEvents" | "fewestEvents" | "shared";
            /** @description The zone of days and hours in the query, and of the calendar by which it recurs; `UTC` without. */
            timezone?: string | null;
            /** @description Why it is changed. */
            why?: string | null;
        };
        /** @description A leaderboard as another system has it. */
        TournamentComparing: {
            /** @description In any order, each player once. */
            places: components["schemas"]["ListedPlace"][];
        };
        /** @description How a leaderboard and a list differ. */
        TournamentComparison: {
            /** @description No position changes any more here. */
            isFinal: boolean;
            /** @description The first hundred lines that differ, by the position here, or else that of the list. */
            items: components["schemas"]["TournamentDifference"][];
            /**
             * Format: int64
             * @description The greatest difference between the two positions of a player.
             */
            largestMove: number;
            /**
             * Format: int64
             * @description How many the list names.
             */
            listed: number;
            /** @enum {string} */
            mode: "live" | "shadow";
            /**
             * Format: int64
             * @description How many have another one.
             */
            moved: number;
            /**
             * Format: int64
             * @description How many the list does not name.
             */
            onlyHere: number;
            /**
             * Format: int64
             * @description How many of the list have no position here.
             */
            onlyThere: number;
            operatorId: string;
            /**
             * Format: int64
             * @description How many have another one.
             */
            otherScore: number;
            /**
             * Format: int64
             * @description How many players have a position here.
             */
            players: number;
            /**
             * Format: int64
             * @description How many have the same position.
             */
            samePosition: number;
            /**
             * Format: int64
             * @description Of those who are in both and whose score the list says, how many have exactly that one.
             */
            sameScore: number;
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            tournamentId: string;
        };
        /** @description A player whose two lines differ. */
        TournamentDifference: {
            /**
             * Format: int64
             * @description In the list; nothing for a player whom it does not name.
             */
            listedPosition: number | null;
            /**
             * Format: double
             * @description Nothing where the list says none, too.
             */
            listedScore: Decimal | null;
            playerId: string;
            /**
             * Format: int64
             * @description Here; nothing for a player who has none.
             */
            position: number | null;
            /** Format: double */
            score: Decimal | null;
        };
        /** @description When a tournament shall end, and why. */
        TournamentEnding: {
            at?: components["schemas"]["Time"] | null;
            why: string;
        };
        /** @description How far a tournament is with what was played before it was scheduled. */
        TournamentFilling: {
            /**
             * Format: int64
             * @description Batches of the log that were read; each is read twice.
             */
            batches: number;
            /**
             * Format: int64
             * @description Of so many, as far as that is known.
             */
            batchesExpected: number;
            /** @description Why it does not go on, as long as it is tried again, or cannot go on any more. */
            why: string | null;
        };
        /** @description Which events count, and how: those that are of all that is given. It writes a query, and is shown where a query is
         *     just what a form writes. */
        TournamentForm: {
            /** @description Of `wagers`, as all of the next ones: categories of games. */
            categories?: string[];
            /** @description Of `gameEvents`: their types; all without. */
            eventTypes?: string[];
            /** @description Of these no wager counts. */
            exceptJurisdictions?: string[];
            games?: string[];
            /**
             * Format: double
             * @description Likewise.
             */
            greatestStake?: Decimal | null;
            jurisdictions?: string[];
            /**
             * Format: double
             * @description In the program's currency.
             */
            leastStake?: Decimal | null;
            /** @description Multiplies that by game. */
            multipliers?: {
                [key: string]: Decimal;
            };
            /** @description Only wagers that returned something. */
            onlyWinning?: boolean;
            /** @description Of either: these players alone. */
            players?: string[];
            /**
             * Format: double
             * @description How many points one of it is; 1 without.
             */
            points?: Decimal;
            /** @enum {string} */
            score?: "stakes" | "returns" | "bestWin" | "bestRatio" | "wagers" | "scores" | "bestScore" | "events";
            segments?: string[];
            /** @enum {string} */
            source?: "wagers" | "gameEvents";
        };
        /** @description A player whose place or prize is another. */
        TournamentMove: {
            /**
             * Format: double
             * @description The points that the player was paid.
             */
            paid: Decimal;
            /**
             * Format: int32
             * @description Nothing for one who has none of them any more.
             */
            place: number | null;
            /**
             * Format: int32
             * @description Nothing for one who had none of those that results name.
             */
            placeBefore: number | null;
            playerId: string;
            /**
             * Format: double
             * @description The points that the player wins then.
             */
            points: Decimal;
        };
        /** @description An occurrence that is yet to come. */
        TournamentOccurrence: {
            ends: components["schemas"]["Time"];
            /** @description It is a tournament already. */
            isMade: boolean;
            starts: components["schemas"]["Time"];
            /** @description Nothing where the series has no id yet. */
            tournamentId: string | null;
        };
        /** @description A place, and what was won there. */
        TournamentPlace: {
            changedAt: components["schemas"]["Time"];
            /** @description Who said so; likewise. */
            changedBy: string | null;
            /** Format: int64 */
            events: number;
            /**
             * Format: double
             * @description The points that the player was paid for it, those of settlements before included.
             */
            paid: Decimal;
            /**
             * Format: int32
             * @description From 1; no two players have the same.
             */
            place: number;
            playerId: string;
            /**
             * Format: double
             * @description The points that are won.
             */
            points: Decimal;
            /**
             * Format: int64
             * @description From 1; the same for players who share it. Nothing for a player who has no place any more.
             */
            position: number | null;
            /** Format: double */
            score: Decimal;
            /** @enum {string} */
            state: "none" | "awaiting_approval" | "processing" | "paid" | "not_eligible" | "retrying" | "failed";
            thing: components["schemas"]["PrizeThing"] | null;
            /** @description Why it is in this state; nothing where nobody said so, and for players. */
            why: string | null;
        };
        /** @description What some places win: places from one to another or so many hundredths of all players, and points for each of them, points
         *     that all of them share, or a thing. Of several that are for a place it is the first. */
        TournamentPrize: {
            /**
             * Format: int32
             * @description The first place, from 1.
             */
            from?: number | null;
            /**
             * Format: double
             * @description So many points, each of the places.
             */
            points?: Decimal | null;
            /**
             * Format: double
             * @description So many points, which all of the places share to the hundredth.
             */
            pool?: Decimal | null;
            thing?: components["schemas"]["PrizeThing"] | null;
            /**
             * Format: int32
             * @description The last; the first without.
             */
            to?: number | null;
            /**
             * Format: double
             * @description So many hundredths of the players who have a position, at least one of them.
             */
            topPercent?: Decimal | null;
        };
        /** @description When a tournament takes place again, by calendar and clock of its time zone: one of `daily`, `weekly`, `monthly` and
         *     `cron`. */
        TournamentRecurrence: {
            /** @description What the five fields of cron say: minute, hour, day of the month, month, day of the week. */
            cron?: string | null;
            daily?: components["schemas"]["RecursDaily"] | null;
            /** @description How long each occurrence lasts: days of the calendar, and then hours and minutes, as `2d`, `54h` or `1d12h30m`; until
             *     the next begins without, and never longer than that. */
            lasts?: string | null;
            monthly?: components["schemas"]["RecursMonthly"] | null;
            weekly?: components["schemas"]["RecursWeekly"] | null;
        };
        /** @description An event that came late. */
        TournamentRemark: {
            /** @description When it came. */
            cameAt: components["schemas"]["Time"];
            /**
             * Format: double
             * @description By how much the player's score would be more.
             */
            delta: Decimal;
            /** @description The id of the event; of a void, that of its wager. */
            id: string;
            /** @enum {string} */
            kind: "wager" | "void" | "game_event";
            place: components["schemas"]["Place"];
            playerId: string;
            /**
             * Format: double
             * @description What it would be then, with what came late before.
             */
            score: Decimal;
            /** @description When it happened. */
            timestamp: components["schemas"]["Time"];
        };
        /** @description What came late: after the grace, or once the tournament was settled. */
        TournamentRemarks: {
            /**
             * Format: int64
             * @description How many game events, of those that would have counted.
             */
            gameEvents: number;
            /** @description Some of them: of each partition the first twenty, at most a hundred, by the time at which they came. */
            items: components["schemas"]["TournamentRemark"][];
            /**
             * Format: int64
             * @description How many voids, of wagers that counted.
             */
            voids: number;
            /**
             * Format: int64
             * @description How many wagers, of those that would have counted.
             */
            wagers: number;
        };
        /** @description What settling a tournament again makes of its results. */
        TournamentResettlement: {
            /**
             * Format: int32
             * @description How many players' places or prizes are others, of those who have a prize or a public place, before or then.
             */
            changed: number;
            /** @description The first hundred of those players, by the place that they have then. */
            items: components["schemas"]["TournamentMove"][];
            /** Format: int64 */
            lateGameEvents: number;
            /** Format: int64 */
            lateVoids: number;
            /**
             * Format: int64
             * @description How many wagers, voids and game events came late.
             */
            lateWagers: number;
            /**
             * Format: double
             * @description The points that were paid and are not won any more.
             */
            less: Decimal;
            /**
             * Format: double
             * @description The points that are paid then beyond those that were.
             */
            more: Decimal;
            operatorId: string;
            /**
             * Format: int64
             * @description How many players have a position then.
             */
            players: number;
            takeBack: boolean;
            tournamentId: string;
            /**
             * Format: int32
             * @description Which version of the results it makes.
             */
            version: number;
        };
        /** @description That a tournament shall be settled again, and why. */
        TournamentResettling: {
            /** @description What players were paid and do not win any more is taken back, as far as they still have it; without, it stays paid. */
            takeBack?: boolean | null;
            why: string;
        };
        /** @description What a tournament came to. */
        TournamentResults: {
            /** @description Whether a person has to approve before anything is paid. */
            approval: boolean;
            approvedAt: components["schemas"]["Time"] | null;
            /** @description Who did; nothing before, and for players. */
            approvedBy: string | null;
            ends: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description How many players come behind those places who won something in a settlement before, or were refused by a person, and
             *     have none of them any more.
             */
            former: number;
            /** @description SHA-256 of all places, in hexadecimal; from the second settlement on, of the hash before it as well. */
            hash: string;
            /** @description By place, as far as each has come to its player's partition. */
            items: components["schemas"]["TournamentPlace"][];
            /** @enum {string} */
            mode: "live" | "shadow";
            name: string;
            nextCursor: string | null;
            operatorId: string;
            paidAt: components["schemas"]["Time"] | null;
            /**
             * Format: int32
             * @description How many places the results name, from the first on.
             */
            places: number;
            /**
             * Format: int64
             * @description How many players had a position.
             */
            players: number;
            /**
             * Format: double
             * @description The points that were won; of a `shadow`, that would have been.
             */
            points: Decimal;
            /** @description The hash of the settlement before. */
            previousHash: string | null;
            prizes: components["schemas"]["TournamentPrize"][];
            /** @description Which events counted, and how. */
            query: string;
            remarks: components["schemas"]["TournamentRemarks"] | null;
            /** @description Who asked to settle it again, and why; nothing for the first settlement, and for players. */
            resettledBy: string | null;
            resettledWhy: string | null;
            /** @description When positions were fixed. */
            settledAt: components["schemas"]["Time"];
            starts: components["schemas"]["Time"];
            /** @enum {string} */
            state: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
            /** @description What players were paid before and do not win any more was taken back, as far as they still had it. */
            takeBack: boolean;
            /**
             * Format: int32
             * @description How many things were; likewise.
             */
            things: number;
            /** @enum {string} */
            ties: "first" | "mostEvents" | "fewestEvents" | "shared";
            tournamentId: string;
            /**
             * Format: int32
             * @description Of which settlement these results are: 1 for the first.
             */
            version: number;
            /**
             * Format: int32
             * @description How often the tournament was settled.
             */
            versions: number;
        };
        /** @description That a tournament shall begin when it is time, and why. */
        TournamentScheduling: {
            why?: string | null;
        };
        /** @description How many seats of a tournament there are. */
        TournamentSeats: {
            /**
             * Format: int64
             * @description How many are left.
             */
            left: number;
            /** Format: int32 */
            participantsMax: number;
            /**
             * Format: int64
             * @description How many players have one.
             */
            taken: number;
            tournamentId: string;
        };
        /** @description A tournament of a usual kind: what `template` fills in of a new one that does not say it itself. */
        TournamentTemplate: {
            /** Format: double */
            cap: Decimal | null;
            description: string;
            form: components["schemas"]["TournamentForm"];
            name: string;
            prizes: components["schemas"]["TournamentPrize"][];
            /** @description What the form writes. */
            query: string;
            recurs: components["schemas"]["TournamentRecurrence"];
            templateId: string;
            /** @enum {string} */
            ties: "first" | "mostEvents" | "fewestEvents" | "shared";
        };
        /** @description All templates. */
        TournamentTemplates: {
            items: components["schemas"]["TournamentTemplate"][];
        };
        /** @description A past period, or some events. */
        TryPeriod: {
            /** @description In the place of a period: wagers and voids, or game events, as they are taken in, in the order in which they come. */
            events?: Record<string, unknown>[] | null;
            from?: components["schemas"]["Time"] | null;
            to?: components["schemas"]["Time"] | null;
        };
        /** @description A tournament to be tried on a past period, or on some events. */
        TryTournament: {
            /** @description In the place of a period: wagers and voids, or game events, as they are taken in, in the order in which they come. */
            events?: Record<string, unknown>[] | null;
            from?: components["schemas"]["Time"] | null;
            to?: components["schemas"]["Time"] | null;
            /** @description As `POST /tournaments` takes it; its window is the period. */
            tournament: components["schemas"]["TournamentChange"];
        };
        /** @description A definition that could be published. */
        ValidatedTournament: {
            form: components["schemas"]["TournamentForm"] | null;
            /** @description The first occurrences of what recurs. */
            next: components["schemas"]["TournamentOccurrence"][];
            /** @description The statement, written out in full. */
            query: string;
            /** @enum {string} */
            state: "valid";
        };
        /** @description A version of the program. Lists leave the document out. */
        Version: {
            /** Format: int32 */
            editedFrom: number | null;
            effectiveFrom: components["schemas"]["Time"];
            /** @description The document; `/api/v1/program/schema` describes it. */
            program?: Record<string, unknown> | null;
            publishedAt: components["schemas"]["Time"];
            /** @enum {string} */
            state: "scheduled" | "current" | "superseded" | "withdrawn";
            /** Format: int32 */
            version: number;
            who: string;
            why: string;
        };
        /** @description A version that would be published, and what it changes. */
        VersionToBe: components["schemas"]["Version"] & {
            changes: components["schemas"]["Change"][];
            valid: boolean;
        };
        /** @description Takes back exactly what the wager gave; it may arrive before it. */
        Void: {
            operatorId: components["schemas"]["Id"];
            playerId: components["schemas"]["Id"];
            reason: string;
            timestamp: components["schemas"]["Time"];
            /** @enum {string} */
            type: "wager.voided";
            wagerId: components["schemas"]["Id"];
        };
        /** @description A wager, as the operator's system has it. Unknown fields are kept and ignored. */
        Wager: {
            currency: string;
            gameCategory: components["schemas"]["Id"];
            gameId: components["schemas"]["Id"];
            gamingSystemId?: components["schemas"]["Id"] | null;
            jurisdiction: components["schemas"]["Id"];
            /** @description The credential's own. */
            operatorId: components["schemas"]["Id"];
            playerId: components["schemas"]["Id"];
            playerSegment?: components["schemas"]["Id"] | null;
            /** Format: int64 */
            sequence?: number | null;
            timestamp: components["schemas"]["Time"];
            /** @enum {string} */
            type?: "wager.placed";
            wagerAmount: components["schemas"]["Amount"];
            wagerId: components["schemas"]["Id"];
            winAmount?: components["schemas"]["Amount"] | null;
        };
        /** @description A webhook as it is listed: never with its secrets. */
        Webhook: {
            changedAt: components["schemas"]["Time"];
            changedBy: string;
            createdAt: components["schemas"]["Time"];
            createdBy: string;
            description: string;
            /** @description Why it is told nothing. */
            disabledWhy?: string | null;
            enabled: boolean;
            /** @description The types that it is told of; all where there are none. */
            events: string[];
            id: string;
            oldSecretUntil?: components["schemas"]["Time"] | null;
            url: string;
        };
        /** @description What is to be changed of a webhook. */
        WebhookChange: {
            description?: string | null;
            enabled?: boolean | null;
            events?: ("tier.changed" | "points.expired" | "points.expiring" | "balance.adjusted" | "redemption.requested" | "redemption.reserved" | "redemption.confirmed" | "redemption.cancelled" | "redemption.lapsed" | "signal.raised" | "signal.released" | "signal.taken" | "signal.voided" | "prize.changed")[];
            url?: string | null;
        };
        /** @description A rotation as it is asked for. */
        WebhookRotation: {
            oldUntil?: components["schemas"]["Time"] | null;
        };
        /** @description What became of a message that was sent to try a webhook. */
        WebhookTest: {
            /** @enum {string} */
            failure?: "not_resolved" | "forbidden_address" | "not_connected" | "not_trusted" | "no_answer" | "too_slow";
            /** @description The message's `webhook-id`. */
            messageId: string;
            /**
             * Format: int32
             * @description What it answered.
             */
            status?: number | null;
            /** @description Whether the receiver has taken it: it answered a status from 200 to 299. */
            taken: boolean;
        };
        /** @description All webhooks, oldest first. */
        Webhooks: {
            items: components["schemas"]["Webhook"][];
        };
        /** @description What somebody has shown to be. */
        Who: {
            /** @enum {string} */
            credential: "api_key" | "player_token" | "oidc" | "socket";
            /** @description The key that was shown, if one was. */
            keyId: string | null;
            operatorId: string;
            /** @description The only player that may be named. */
            playerId: string | null;
            roles: ("administrator" | "admin" | "product" | "support" | "auditor" | "ingest" | "player")[];
            scopes: ("self:read" | "wagers:write" | "events:write" | "events:read" | "players:read" | "ledger:read" | "players:write" | "redemptions:reserve" | "redemptions:settle" | "adjustments:read" | "adjustments:write" | "adjustments:approve" | "signals:read" | "signals:write" | "openings:write" | "program:read" | "program:write" | "rewards:read" | "rewards:write" | "tournaments:read" | "tournaments:write" | "tournaments:join" | "keys:read" | "keys:write" | "player-tokens:sign" | "dead-letters:read" | "dead-letters:write" | "webhooks:read" | "webhooks:write" | "reports:read" | "audit:read" | "nodes:read" | "topics:read" | "node:read" | "node:write" | "nodes")[];
            /** @description As the trail names them. */
            subject: string;
            until: components["schemas"]["Time"] | null;
        };
        /** @description Why something is done. */
        Why: {
            why: string;
        };
    };
    responses: {
        /** @description `method_not_allowed`: No such method here */
        MethodNotAllowed: {
            headers: {
                /** @description The methods that the path has. */
                Allow: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {unknown} */
                    code?: "method_not_allowed";
                };
            };
        };
    };
    parameters: {
        /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
        RequestId: string;
    };
    requestBodies: never;
    headers: {
        /** @description The id of the request, by which the node's log knows it too. `instance` of a problem has it. */
        RequestId: string;
    };
    pathItems: never;
}
export type Adjust = components['schemas']['Adjust'];
export type Adjustment = components['schemas']['Adjustment'];
export type Amount = components['schemas']['Amount'];
export type Applying = components['schemas']['Applying'];
export type AuditMissing = components['schemas']['AuditMissing'];
export type AuditPage = components['schemas']['AuditPage'];
export type AuditRecord = components['schemas']['AuditRecord'];
export type Balance = components['schemas']['Balance'];
export type Budget = components['schemas']['Budget'];
export type BudgetPart = components['schemas']['BudgetPart'];
export type Budgets = components['schemas']['Budgets'];
export type Cap = components['schemas']['Cap'];
export type Cause = components['schemas']['Cause'];
export type Change = components['schemas']['Change'];
export type ChangedPrize = components['schemas']['ChangedPrize'];
export type Consent = components['schemas']['Consent'];
export type ConsentGiven = components['schemas']['ConsentGiven'];
export type ConsentSaid = components['schemas']['ConsentSaid'];
export type CountedIn = components['schemas']['CountedIn'];
export type DeadLetter = components['schemas']['DeadLetter'];
export type DeadLetterCounts = components['schemas']['DeadLetterCounts'];
export type Deliveries = components['schemas']['Deliveries'];
export type Delivery = components['schemas']['Delivery'];
export type Difference = components['schemas']['Difference'];
export type Document = components['schemas']['Document'];
export type DryRunCost = components['schemas']['DryRunCost'];
export type DryRunEvents = components['schemas']['DryRunEvents'];
export type DryRunMatch = components['schemas']['DryRunMatch'];
export type DryRunMiss = components['schemas']['DryRunMiss'];
export type DryRunOfTournament = components['schemas']['DryRunOfTournament'];
export type DryRunPlace = components['schemas']['DryRunPlace'];
export type DryRunResult = components['schemas']['DryRunResult'];
export type DryRunThings = components['schemas']['DryRunThings'];
export type DryRunWorth = components['schemas']['DryRunWorth'];
export type Entry = components['schemas']['Entry'];
export type Exclude = components['schemas']['Exclude'];
export type Expiring = components['schemas']['Expiring'];
export type Explanation = components['schemas']['Explanation'];
export type FieldError = components['schemas']['FieldError'];
export type GameEvent = components['schemas']['GameEvent'];
export type GameLeaderboard = components['schemas']['GameLeaderboard'];
export type GameStatistics = components['schemas']['GameStatistics'];
export type Id = components['schemas']['Id'];
export type Key = components['schemas']['Key'];
export type Keys = components['schemas']['Keys'];
export type LastEvent = components['schemas']['LastEvent'];
export type Leaderboard = components['schemas']['Leaderboard'];
export type LeaderboardLine = components['schemas']['LeaderboardLine'];
export type LetterOfEvent = components['schemas']['LetterOfEvent'];
export type ListedPlace = components['schemas']['ListedPlace'];
export type Lot = components['schemas']['Lot'];
export type Lots = components['schemas']['Lots'];
export type MadeKey = components['schemas']['MadeKey'];
export type MadeWebhook = components['schemas']['MadeWebhook'];
export type Many = components['schemas']['Many'];
export type ManyDeadLetters = components['schemas']['ManyDeadLetters'];
export type Multiplier = components['schemas']['Multiplier'];
export type NewKey = components['schemas']['NewKey'];
export type NewPlayerToken = components['schemas']['NewPlayerToken'];
export type NewStock = components['schemas']['NewStock'];
export type NewWebhook = components['schemas']['NewWebhook'];
export type NextTier = components['schemas']['NextTier'];
export type Node = components['schemas']['Node'];
export type NodeStatus = components['schemas']['NodeStatus'];
export type Nodes = components['schemas']['Nodes'];
export type One = components['schemas']['One'];
export type OneApplied = components['schemas']['OneApplied'];
export type OneOfManyDeadLetters = components['schemas']['OneOfManyDeadLetters'];
export type Opening = components['schemas']['Opening'];
export type OpeningTaken = components['schemas']['OpeningTaken'];
export type OptIn = components['schemas']['OptIn'];
export type OptInChange = components['schemas']['OptInChange'];
export type OtherWager = components['schemas']['OtherWager'];
export type Outcome = components['schemas']['Outcome'];
export type Outlet = components['schemas']['Outlet'];
export type PageOfAdjustment = components['schemas']['PageOfAdjustment'];
export type PageOfDeadLetter = components['schemas']['PageOfDeadLetter'];
export type PageOfEntry = components['schemas']['PageOfEntry'];
export type PageOfOptIn = components['schemas']['PageOfOptIn'];
export type PageOfRedemption = components['schemas']['PageOfRedemption'];
export type PageOfSignal = components['schemas']['PageOfSignal'];
export type PageOfTournament = components['schemas']['PageOfTournament'];
export type PageOfVersion = components['schemas']['PageOfVersion'];
export type Parts = components['schemas']['Parts'];
export type Place = components['schemas']['Place'];
export type PlayerEvents = components['schemas']['PlayerEvents'];
export type PlayerStatistics = components['schemas']['PlayerStatistics'];
export type PlayerToken = components['schemas']['PlayerToken'];
export type Points = components['schemas']['Points'];
export type PointsTogether = components['schemas']['PointsTogether'];
export type PrizeChange = components['schemas']['PrizeChange'];
export type PrizeThing = components['schemas']['PrizeThing'];
export type PrizeValue = components['schemas']['PrizeValue'];
export type Problem = components['schemas']['Problem'];
export type PromotionPart = components['schemas']['PromotionPart'];
export type PublicLeaderboard = components['schemas']['PublicLeaderboard'];
export type PublicLeaderboardLine = components['schemas']['PublicLeaderboardLine'];
export type PublicTournament = components['schemas']['PublicTournament'];
export type Publication = components['schemas']['Publication'];
export type RaiseSignal = components['schemas']['RaiseSignal'];
export type Rate = components['schemas']['Rate'];
export type Readiness = components['schemas']['Readiness'];
export type RecordedEvent = components['schemas']['RecordedEvent'];
export type RecursDaily = components['schemas']['RecursDaily'];
export type RecursMonthly = components['schemas']['RecursMonthly'];
export type RecursWeekly = components['schemas']['RecursWeekly'];
export type Redemption = components['schemas']['Redemption'];
export type Rejected = components['schemas']['Rejected'];
export type Repair = components['schemas']['Repair'];
export type Reserve = components['schemas']['Reserve'];
export type Restock = components['schemas']['Restock'];
export type Restocked = components['schemas']['Restocked'];
export type Reward = components['schemas']['Reward'];
export type RewardChange = components['schemas']['RewardChange'];
export type RewardHistory = components['schemas']['RewardHistory'];
export type RewardLimit = components['schemas']['RewardLimit'];
export type RewardSaid = components['schemas']['RewardSaid'];
export type RewardStock = components['schemas']['RewardStock'];
export type RewardValue = components['schemas']['RewardValue'];
export type Rewards = components['schemas']['Rewards'];
export type Rollback = components['schemas']['Rollback'];
export type Rotation = components['schemas']['Rotation'];
export type SelfExclusion = components['schemas']['SelfExclusion'];
export type Share = components['schemas']['Share'];
export type SignIn = components['schemas']['SignIn'];
export type SignInOption = components['schemas']['SignInOption'];
export type SignInOptions = components['schemas']['SignInOptions'];
export type Signal = components['schemas']['Signal'];
export type SignalFinding = components['schemas']['SignalFinding'];
export type SignedIn = components['schemas']['SignedIn'];
export type Simulate = components['schemas']['Simulate'];
export type SimulatedCount = components['schemas']['SimulatedCount'];
export type SimulatedGroup = components['schemas']['SimulatedGroup'];
export type SimulatedPlayer = components['schemas']['SimulatedPlayer'];
export type SimulatedTier = components['schemas']['SimulatedTier'];
export type SimulatedTotal = components['schemas']['SimulatedTotal'];
export type Simulation = components['schemas']['Simulation'];
export type SimulationResult = components['schemas']['SimulationResult'];
export type Stage = components['schemas']['Stage'];
export type Standing = components['schemas']['Standing'];
export type Summary = components['schemas']['Summary'];
export type SummaryAccounts = components['schemas']['SummaryAccounts'];
export type SummaryLine = components['schemas']['SummaryLine'];
export type SummaryNow = components['schemas']['SummaryNow'];
export type SummaryTier = components['schemas']['SummaryTier'];
export type SummaryTotals = components['schemas']['SummaryTotals'];
export type SummaryTournament = components['schemas']['SummaryTournament'];
export type TierPart = components['schemas']['TierPart'];
export type Time = components['schemas']['Time'];
export type Topics = components['schemas']['Topics'];
export type Tournament = components['schemas']['Tournament'];
export type TournamentApproval = components['schemas']['TournamentApproval'];
export type TournamentChange = components['schemas']['TournamentChange'];
export type TournamentComparing = components['schemas']['TournamentComparing'];
export type TournamentComparison = components['schemas']['TournamentComparison'];
export type TournamentDifference = components['schemas']['TournamentDifference'];
export type TournamentEnding = components['schemas']['TournamentEnding'];
export type TournamentFilling = components['schemas']['TournamentFilling'];
export type TournamentForm = components['schemas']['TournamentForm'];
export type TournamentMove = components['schemas']['TournamentMove'];
export type TournamentOccurrence = components['schemas']['TournamentOccurrence'];
export type TournamentPlace = components['schemas']['TournamentPlace'];
export type TournamentPrize = components['schemas']['TournamentPrize'];
export type TournamentRecurrence = components['schemas']['TournamentRecurrence'];
export type TournamentRemark = components['schemas']['TournamentRemark'];
export type TournamentRemarks = components['schemas']['TournamentRemarks'];
export type TournamentResettlement = components['schemas']['TournamentResettlement'];
export type TournamentResettling = components['schemas']['TournamentResettling'];
export type TournamentResults = components['schemas']['TournamentResults'];
export type TournamentScheduling = components['schemas']['TournamentScheduling'];
export type TournamentSeats = components['schemas']['TournamentSeats'];
export type TournamentTemplate = components['schemas']['TournamentTemplate'];
export type TournamentTemplates = components['schemas']['TournamentTemplates'];
export type TryPeriod = components['schemas']['TryPeriod'];
export type TryTournament = components['schemas']['TryTournament'];
export type ValidatedTournament = components['schemas']['ValidatedTournament'];
export type Version = components['schemas']['Version'];
export type VersionToBe = components['schemas']['VersionToBe'];
export type Void = components['schemas']['Void'];
export type Wager = components['schemas']['Wager'];
export type Webhook = components['schemas']['Webhook'];
export type WebhookChange = components['schemas']['WebhookChange'];
export type WebhookRotation = components['schemas']['WebhookRotation'];
export type WebhookTest = components['schemas']['WebhookTest'];
export type Webhooks = components['schemas']['Webhooks'];
export type Who = components['schemas']['Who'];
export type Why = components['schemas']['Why'];
export type ResponseMethodNotAllowed = components['responses']['MethodNotAllowed'];
export type ParameterRequestId = components['parameters']['RequestId'];
export type HeaderRequestId = components['headers']['RequestId'];
export type $defs = Record<string, never>;
export interface operations {
    takeInWagers: {
        parameters: {
            query?: {
                /** @description `applied`: answer after processing, with the outcome. After 5 seconds without one it says `accepted`. */
                wait?: "applied";
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The trace that the events belong to (W3C Trace Context); it goes with them into Kafka. */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": (components["schemas"]["Wager"] | components["schemas"]["Void"]) | (components["schemas"]["Wager"] | components["schemas"]["Void"])[];
                "application/x-ndjson": string;
                "application/cloudevents+json": {
                    /** @constant */
                    specversion: "1.0";
                    id: string;
                    /** Format: uri-reference */
                    source: string;
                    type: string;
                    /** Format: date-time */
                    time?: string;
                    datacontenttype?: string;
                    /** @description The event, as it stands alone in `application/json`; its id, time and type may be left out. */
                    data: Record<string, unknown>;
                };
                "application/cloudevents-batch+json": {
                    /** @constant */
                    specversion: "1.0";
                    id: string;
                    /** Format: uri-reference */
                    source: string;
                    type: string;
                    /** Format: date-time */
                    time?: string;
                    datacontenttype?: string;
                    /** @description The event, as it stands alone in `application/json`; its id, time and type may be left out. */
                    data: Record<string, unknown>;
                }[];
            };
        };
        responses: {
            /** @description Durable: on disk */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["One"] | components["schemas"]["OneApplied"] | components["schemas"]["Many"];
                };
            };
        };
    };
    takeInEvents: {
        parameters: {
            query?: {
                /** @description `applied`: answer after processing, with the outcome. After 5 seconds without one it says `accepted`. */
                wait?: "applied";
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The trace that the events belong to (W3C Trace Context); it goes with them into Kafka. */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GameEvent"] | components["schemas"]["GameEvent"][];
                "application/x-ndjson": string;
                "application/cloudevents+json": {
                    /** @constant */
                    specversion: "1.0";
                    id: string;
                    /** Format: uri-reference */
                    source: string;
                    type: string;
                    /** Format: date-time */
                    time?: string;
                    datacontenttype?: string;
                    /** @description The event, as it stands alone in `application/json`; its id, time and type may be left out. */
                    data: Record<string, unknown>;
                };
                "application/cloudevents-batch+json": {
                    /** @constant */
                    specversion: "1.0";
                    id: string;
                    /** Format: uri-reference */
                    source: string;
                    type: string;
                    /** Format: date-time */
                    time?: string;
                    datacontenttype?: string;
                    /** @description The event, as it stands alone in `application/json`; its id, time and type may be left out. */
                    data: Record<string, unknown>;
                }[];
            };
        };
        responses: {
            /** @description Durable: on disk */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["One"] | components["schemas"]["OneApplied"] | components["schemas"]["Many"];
                };
            };
        };
    };
    getEvent: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                eventId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordedEvent"];
                };
            };
        };
    };
    explainWager: {
        parameters: {
            query?: {
                /** @description Chooses, where wagers of several players have this id. */
                playerId?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                wagerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The explanation */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    getTopics: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Their names */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topics"];
                };
            };
        };
    };
    followTopic: {
        parameters: {
            query?: {
                /** @description Where to begin; `latest` by default. */
                from?: "earliest" | "latest";
                /** @description `true`: go on with what comes. A line without anything is sent now and then, so that both see who has gone. */
                follow?: boolean;
                /** @description How many records at most. */
                limit?: number;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A line for each */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
        };
    };
    signPlayerToken: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPlayerToken"];
            };
        };
        responses: {
            /** @description The token */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlayerToken"];
                };
            };
        };
    };
    getBalance: {
        parameters: {
            query?: {
                /** @description The balance as it was at this time, after all that was recorded then or before. */
                asOf?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The balance */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Balance"];
                };
            };
        };
    };
    getLedger: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description Recorded at this time or later. */
                from?: string;
                /** @description Recorded before this time. */
                to?: string;
                /** @description Entries of this kind alone. */
                kind?: "earned" | "voided" | "expired" | "redeemed" | "adjusted" | "opening" | "prize";
                /** @description `asc`: oldest first. */
                order?: "desc" | "asc";
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of entries */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfEntry"];
                };
            };
        };
    };
    listPlayerEvents: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description Recorded at this time or later. */
                from?: string;
                /** @description Recorded before this time. */
                to?: string;
                /** @description Of this kind alone. */
                kind?: "wager" | "void" | "game_event";
                /** @description Of which this became alone. */
                outcome?: "counted" | "refused" | "repeated" | "voided" | "dead_letter";
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlayerEvents"];
                };
            };
        };
    };
    getStatistics: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlayerStatistics"];
                };
            };
        };
    };
    getConsent: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was said last */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentSaid"];
                };
            };
        };
    };
    putConsent: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Consent"];
            };
        };
        responses: {
            /** @description It holds */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGiven"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will hold */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGiven"];
                };
            };
        };
    };
    listRedemptions: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of redemptions */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfRedemption"];
                };
            };
        };
    };
    reserveRedemption: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reserve"];
            };
        };
        responses: {
            /** @description The redemption */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"];
                };
            };
        };
    };
    findRedemptions: {
        parameters: {
            query?: {
                /** @description Those in this state alone; `reserved` without it. */
                state?: "reserved" | "requested" | "confirmed" | "cancelled" | "lapsed" | "all";
                /** @description Asked for at this time or later. */
                from?: string;
                /** @description Asked for before this time. */
                to?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of redemptions */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfRedemption"];
                };
            };
        };
    };
    getRedemption: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The redemption */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"];
                };
            };
        };
    };
    confirmRedemption: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The redemption, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"];
                };
            };
        };
    };
    cancelRedemption: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The redemption, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redemption"];
                };
            };
        };
    };
    listRewards: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rewards */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rewards"];
                };
            };
        };
    };
    addReward: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RewardChange"];
            };
        };
        responses: {
            /** @description Of a dry run: the reward */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reward"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The reward */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reward"];
                };
            };
        };
    };
    getReward: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                rewardId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The reward */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reward"];
                };
            };
        };
    };
    changeReward: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                rewardId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RewardChange"];
            };
        };
        responses: {
            /** @description The reward */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reward"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    getRewardHistory: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                rewardId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All that was said of it */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RewardHistory"];
                };
            };
        };
    };
    getRewardStock: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                rewardId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stock */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RewardStock"];
                };
            };
        };
    };
    restockReward: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                rewardId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewStock"];
            };
        };
        responses: {
            /** @description What was put in, and how many are left */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Restocked"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Restocked"];
                };
            };
        };
    };
    listTournaments: {
        parameters: {
            query?: {
                /** @description In this state alone. */
                state?: "draft" | "recurring" | "scheduled" | "filling" | "live" | "settling" | "final" | "cancelled";
                /** @description What was made of this series. */
                series?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tournaments */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfTournament"];
                };
            };
        };
    };
    addTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentChange"];
            };
        };
        responses: {
            /** @description Of a dry run: the tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The tournament */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"];
                };
            };
        };
    };
    validateTournament: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentChange"];
            };
        };
        responses: {
            /** @description It could be made */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidatedTournament"];
                };
            };
        };
    };
    beginDryRun: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TryTournament"];
            };
        };
        responses: {
            /** @description Of `events`: what it has found */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunResult"];
                };
            };
            /** @description It has begun */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunOfTournament"];
                };
            };
        };
    };
    getDryRun: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dry run */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunOfTournament"];
                };
            };
        };
    };
    cancelDryRun: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dry run */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunOfTournament"];
                };
            };
        };
    };
    beginDryRunOf: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TryPeriod"];
            };
        };
        responses: {
            /** @description Of `events`: what it has found */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunResult"];
                };
            };
            /** @description It has begun */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunOfTournament"];
                };
            };
        };
    };
    listTournamentTemplates: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The templates */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TournamentTemplates"];
                };
            };
        };
    };
    getTournament: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"];
                };
            };
        };
    };
    changeTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentChange"];
            };
        };
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    scheduleTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentScheduling"];
            };
        };
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    endTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentEnding"];
            };
        };
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    cancelTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    getTournamentResults: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description Of this settlement, 1 for the first; the newest without. */
                version?: number;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The results */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TournamentResults"];
                };
            };
        };
    };
    changePrize: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PrizeChange"];
            };
        };
        responses: {
            /** @description What the prize is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedPrize"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable, and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangedPrize"];
                };
            };
        };
    };
    getSeats: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The seats */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TournamentSeats"];
                };
            };
        };
    };
    listOptIns: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of opt-ins */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfOptIn"];
                };
            };
        };
    };
    putOptIn: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OptInChange"];
            };
        };
        responses: {
            /** @description What has become of it */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OptIn"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OptIn"];
                };
            };
        };
    };
    approveTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentApproval"];
            };
        };
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tournament"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    resettleTournament: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentResettling"];
            };
        };
        responses: {
            /** @description What becomes of the results */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TournamentResettlement"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    getLeaderboard: {
        parameters: {
            query?: {
                /** @description So many positions; 10 without. */
                top?: number;
                /** @description From this position on. */
                from?: number;
                /** @description This player, and who is near. */
                around?: string;
                /** @description So many before and behind; 5 without. */
                radius?: number;
                /** @description These players, at most 100, with commas between. */
                players?: string;
                /** @description As it was at this time: at the last full ten seconds before it, which the answer names. */
                asOf?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The positions */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Leaderboard"];
                };
            };
        };
    };
    compareTournament: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TournamentComparing"];
            };
        };
        responses: {
            /** @description How they differ */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TournamentComparison"];
                };
            };
        };
    };
    watchLeaderboard: {
        parameters: {
            query?: {
                /** @description So many positions; 10 without. */
                top?: number;
                /** @description This player's own line besides; without, that of the player whose token it is. */
                player?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The id of the last event that was seen: goes on from there, or with a `snapshot`. */
                "Last-Event-ID"?: string;
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events, for as long as they are read */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    watchLive: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description `websocket`. */
                Upgrade?: string;
                /** @description `Upgrade`. */
                Connection?: string;
                /** @description `13`. */
                "Sec-WebSocket-Version"?: string;
                /** @description As RFC 6455 says. */
                "Sec-WebSocket-Key"?: string;
                /** @description Where it is there: `accolade`, and, without `Authorization`, `bearer.` with a token behind it. */
                "Sec-WebSocket-Protocol"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: never;
    };
    getGameLeaderboard: {
        parameters: {
            query?: {
                /** @description How long it goes on; `daily` without. */
                period?: "daily" | "weekly" | "allTime";
                /** @description A day in the operator's zone: that day, or the week that it is in; without, today. */
                date?: string;
                /** @description So many positions; 10 without. */
                top?: number;
                /** @description From this position on. */
                from?: number;
                /** @description This player, and who is near. */
                around?: string;
                /** @description So many before and behind; 5 without. */
                radius?: number;
                /** @description These players, at most 100, with commas between. */
                players?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                gameId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The positions */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GameLeaderboard"];
                };
            };
        };
    };
    getPublicTournament: {
        parameters: {
            query?: {
                /** @description The operator whose tournament it is: has to be there, as no credential says it. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tournament */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicTournament"];
                };
            };
        };
    };
    getPublicLeaderboard: {
        parameters: {
            query?: {
                /** @description The operator whose tournament it is: has to be there, as no credential says it. */
                operatorId?: string;
                /** @description So many positions, as far as they are public; 10 without. */
                top?: number;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The positions */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicLeaderboard"];
                };
            };
        };
    };
    watchPublicLeaderboard: {
        parameters: {
            query?: {
                /** @description The operator whose tournament it is: has to be there, as no credential says it. */
                operatorId?: string;
                /** @description So many positions, as far as they are public; 10 without. */
                top?: number;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The id of the last event that was seen: goes on from there, or with a `snapshot`. */
                "Last-Event-ID"?: string;
            };
            path: {
                tournamentId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events, for as long as they are read */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    whoAmI: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who asks */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Who"];
                };
            };
        };
    };
    getSignInOptions: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them, in the order of the configuration */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInOptions"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description The token */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
        };
    };
    listAdjustments: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of adjustments */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfAdjustment"];
                };
            };
        };
    };
    adjustBalance: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Adjust"];
            };
        };
        responses: {
            /** @description The adjustment, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"];
                };
            };
        };
    };
    findAdjustments: {
        parameters: {
            query?: {
                /** @description Those in this state alone; `waiting` without it. */
                state?: "waiting" | "made" | "rejected" | "all";
                /** @description Asked for at this time or later. */
                from?: string;
                /** @description Asked for before this time. */
                to?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of adjustments */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfAdjustment"];
                };
            };
        };
    };
    getAdjustment: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The adjustment */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"];
                };
            };
        };
    };
    approveAdjustment: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The adjustment, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"];
                };
            };
        };
    };
    rejectAdjustment: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The adjustment, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Adjustment"];
                };
            };
        };
    };
    getSelfExclusion: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it is */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfExclusion"];
                };
            };
        };
    };
    putSelfExclusion: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Exclude"];
            };
        };
        responses: {
            /** @description How it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfExclusion"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be so */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfExclusion"];
                };
            };
        };
    };
    liftSelfExclusion: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description How it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfExclusion"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be so */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SelfExclusion"];
                };
            };
        };
    };
    importOpening: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Opening"];
            };
        };
        responses: {
            /** @description It is done */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpeningTaken"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpeningTaken"];
                };
            };
        };
    };
    listSignals: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of signals */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfSignal"];
                };
            };
        };
    };
    raiseSignal: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RaiseSignal"];
            };
        };
        responses: {
            /** @description The signal */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be raised */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"];
                };
            };
        };
    };
    listOpenSignals: {
        parameters: {
            query?: {
                /** @description Those in this state alone. */
                state?: "open";
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of signals */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfSignal"];
                };
            };
        };
    };
    getSignal: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The signal */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"];
                };
            };
        };
    };
    releaseSignal: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The signal, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"];
                };
            };
        };
    };
    takeSignal: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The signal, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be decided */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Signal"];
                };
            };
        };
    };
    exportPlayer: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                playerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive */
            200: {
                headers: {
                    /** @description A name for the file. */
                    "Content-Disposition": string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": string;
                };
            };
        };
    };
    exportLedger: {
        parameters: {
            query?: {
                /** @description Recorded at this time or later. Needed: the ledger goes on for years. */
                from?: string;
                /** @description Recorded before this time; else until now. */
                to?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The table */
            200: {
                headers: {
                    /** @description A name for the file. */
                    "Content-Disposition": string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
        };
    };
    getProgram: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version */
            200: {
                headers: {
                    /** @description The number of the version. */
                    ETag: string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    getProgramSchema: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schema */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/schema+json": Record<string, unknown>;
                };
            };
        };
    };
    listBudgets: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The budgets */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Budgets"];
                };
            };
        };
    };
    listVersions: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of versions, without their documents */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfVersion"];
                };
            };
        };
    };
    publishVersion: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The number of the version it was edited from, as the `ETag` has it; none for the first. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Publication"];
            };
        };
        responses: {
            /** @description Of a dry run: the version that would be published, and what it changes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionToBe"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The version */
            201: {
                headers: {
                    /** @description The number of the version. */
                    ETag: string;
                    /** @description Where the version is. */
                    Location: string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    getVersion: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version */
            200: {
                headers: {
                    /** @description The number of the version. */
                    ETag: string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    compareVersions: {
        parameters: {
            query?: {
                /** @description The other version; without it, the one that this one was edited from. */
                with?: number;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The changes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Difference"];
                };
            };
        };
    };
    rollBackToVersion: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
                /** @description The number of the version it was edited from, as the `ETag` has it; none for the first. */
                "If-Match"?: string;
            };
            path: {
                version: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description Of a dry run: the version that would be published, and what it changes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionToBe"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The new version */
            201: {
                headers: {
                    /** @description The number of the version. */
                    ETag: string;
                    /** @description Where the version is. */
                    Location: string;
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    withdrawVersion: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                version: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The version */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    beginSimulation: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Simulate"];
            };
        };
        responses: {
            /** @description It has begun */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Simulation"];
                };
            };
        };
    };
    getSimulation: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The simulation */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Simulation"];
                };
            };
        };
    };
    cancelSimulation: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The simulation */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Simulation"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All keys */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Keys"];
                };
            };
        };
    };
    makeKey: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewKey"];
            };
        };
        responses: {
            /** @description Of a dry run: the key */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The key and its secret */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"];
                };
            };
        };
    };
    rotateKey: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                keyId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Rotation"];
            };
        };
        responses: {
            /** @description The key and its new secret */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                keyId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeKey"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description Those in this state alone. */
                state?: "open" | "released" | "discarded";
                /** @description Those that could not be processed for this reason alone. */
                reason?: "malformed" | "in_future" | "too_late" | "id_conflict" | "out_of_range" | "skipped" | "wrong_partition";
                /** @description Inputs of this kind alone. */
                kind?: "wager" | "game_event" | "command" | "control";
                /** @description Received at this time or later. */
                from?: string;
                /** @description Received before this time. */
                to?: string;
                /** @description Those whose bytes name this player, where that can be read. */
                playerId?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of dead letters */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageOfDeadLetter"];
                };
            };
        };
    };
    countDeadLetters: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many there are */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterCounts"];
                };
            };
        };
    };
    getDeadLetter: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dead letter */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
        };
    };
    repairDeadLetter: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Repair"];
            };
        };
        responses: {
            /** @description The dead letter, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
        };
    };
    retryDeadLetter: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dead letter, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
        };
    };
    discardDeadLetter: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description The dead letter, as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description It is durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
        };
    };
    retryManyDeadLetters: {
        parameters: {
            query?: {
                /** @description Those that could not be processed for this reason alone. */
                reason?: "malformed" | "in_future" | "too_late" | "id_conflict" | "out_of_range" | "skipped" | "wrong_partition";
                /** @description Inputs of this kind alone. */
                kind?: "wager" | "game_event" | "command" | "control";
                /** @description Received at this time or later. */
                from?: string;
                /** @description Received before this time. */
                to?: string;
                /** @description Those whose bytes name this player, where that can be read. */
                playerId?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of them, or would */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyDeadLetters"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description Some are durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyDeadLetters"];
                };
            };
        };
    };
    discardManyDeadLetters: {
        parameters: {
            query?: {
                /** @description Those that could not be processed for this reason alone. */
                reason?: "malformed" | "in_future" | "too_late" | "id_conflict" | "out_of_range" | "skipped" | "wrong_partition";
                /** @description Inputs of this kind alone. */
                kind?: "wager" | "game_event" | "command" | "control";
                /** @description Received at this time or later. */
                from?: string;
                /** @description Received before this time. */
                to?: string;
                /** @description Those whose bytes name this player, where that can be read. */
                playerId?: string;
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Why"];
            };
        };
        responses: {
            /** @description What became of them, or would */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyDeadLetters"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description Some are durable and will be done */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManyDeadLetters"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All webhooks */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhooks"];
                };
            };
        };
    };
    makeWebhook: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description Of a dry run: the webhook */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeWebhook"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
            /** @description The webhook and its secret */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeWebhook"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook as it was */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    changeWebhook: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookChange"];
            };
        };
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    rotateWebhook: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookRotation"];
            };
        };
        responses: {
            /** @description The webhook and its new secret */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeWebhook"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of the message */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTest"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                webhookId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deliveries */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deliveries"];
                };
            };
        };
    };
    resendDelivery: {
        parameters: {
            query?: {
                /** @description `true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change would be refused, it is that problem. No `Idempotency-Key` is remembered. */
                dryRun?: boolean;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The same key with the same body has no second effect for 24 hours; with another body 422. */
                "Idempotency-Key"?: string;
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of the message */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTest"] & {
                        /**
                         * @description Nothing was changed: this is what would be.
                         * @constant
                         */
                        dryRun?: true;
                    };
                };
            };
        };
    };
    getSummary: {
        parameters: {
            query?: {
                /** @description The first day; without it, 30 days up to the last. */
                from?: string;
                /** @description The last day; without it, today. */
                to?: string;
                /** @description How long a line is; without it, a day. Weeks begin on Mondays. */
                by?: "day" | "week" | "month";
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The summary */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Summary"];
                };
            };
        };
    };
    getTotals: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The totals */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SummaryTotals"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description At this time or later. */
                from?: string;
                /** @description Before this time. */
                to?: string;
                /** @description Of this subject, as records name it. */
                subject?: string;
                /** @description About this player. */
                playerId?: string;
                /** @description Of the route with this id. */
                route?: string;
                /** @description About what this id names in the path: a tournament, a reward, a key, a version of the program. */
                about?: string;
                /** @description Records of this kind alone. */
                kind?: "began" | "read" | "change" | "denied" | "counted" | "denied_counted";
                /** @description `ok` is below 400, `refused` below 500, `failed` the rest and what nobody waited for. */
                outcome?: "ok" | "refused" | "failed";
                /** @description How many items a page has at most. */
                limit?: number;
                /** @description A `nextCursor` of this list, asked with the same other parameters but for `limit`. */
                cursor?: string;
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of records */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `ok` */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    listNodes: {
        parameters: {
            query?: {
                /** @description The operator that the request is for, where the credential has several. */
                operatorId?: string;
            };
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The nodes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /** @description What is let through in a second: an operator's events, its other requests, or an address's without a known credential. */
                    "RateLimit-Limit"?: string;
                    /** @description How much of that would be let through now. */
                    "RateLimit-Remaining"?: string;
                    /** @description Seconds until the same request is let through. */
                    "RateLimit-Reset"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Nodes"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the request, where the caller has one. One that is not well-formed, as the answer's has to be, is replaced. */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The text format of Prometheus */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
}
