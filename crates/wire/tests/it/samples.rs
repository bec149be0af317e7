//! Random conditions and statements in the query language, of which every SQL engine makes the same.
//!
//! Where something may fail (a division by 0), other engines are free to compute in another order or beforehand;
//! a condition that may fail therefore has no part that is the same for every row, and no NULL.

use std::collections::BTreeMap;

/// What conditions are made of, as [`Samples::met`] counts it.
pub(crate) const PIECES: [&str; 44] = [
    "OR",
    "AND",
    "NOT",
    "IS NULL",
    "IS NOT NULL",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "BETWEEN",
    "NOT BETWEEN",
    "IN",
    "NOT IN",
    "LIKE",
    "NOT LIKE",
    "+",
    "-",
    "*",
    "/",
    "%",
    "negated",
    "ABS",
    "ROUND",
    "ROUND to",
    "FLOOR",
    "GREATEST",
    "LEAST",
    "COALESCE",
    "CASE",
    "CASE of",
    "LOWER",
    "UPPER",
    "CAST",
    "YEAR",
    "MONTH",
    "DAY",
    "DOW",
    "HOUR",
    "MINUTE",
    "NULL",
    "TRUE",
    "DATE",
];

/// What statements are made of besides.
pub(crate) const STATEMENT_PIECES: [&str; 9] =
    ["SUM", "MAX", "MIN", "AVG", "COUNT", "COUNT(*)", "data.score", "data.name", "data.won"];

/// What a statement says.
pub(crate) struct Statement {
    pub(crate) aggregate: &'static str,
    /// What the aggregate is of.
    pub(crate) of: String,
    pub(crate) source: &'static str,
    pub(crate) condition: String,
}

impl Statement {
    pub(crate) fn text(&self) -> String {
        let Self { aggregate, of, source, condition } = self;
        format!(
            "SELECT playerId, {aggregate}({of}) AS score FROM {source} WHERE {condition} \
             GROUP BY playerId"
        )
    }
}

/// How close an operator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    And,
    Not,
    Is,
    Comparison,
    Between,
    Plus,
    Times,
    Sign,
    Alone,
}

type Piece = (String, Binds);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Numbers,
    Texts,
    Times,
    Dates,
}

/// Makes conditions.
pub(crate) struct Samples {
    random: u64,
    may_fail: bool,
    is_of_games: bool,
    /// How often each piece was used.
    pub(crate) met: BTreeMap<&'static str, u64>,
}

impl Samples {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: seed, may_fail: false, is_of_games: false, met: BTreeMap::new() }
    }

    /// The next condition.
    pub(crate) fn condition(&mut self, may_fail: bool) -> String {
        self.may_fail = may_fail;
        self.boolean(4).0
    }

    /// The next statement.
    pub(crate) fn statement(&mut self, may_fail: bool) -> Statement {
        self.may_fail = may_fail;
        self.is_of_games = self.below(2) == 0;
        let source = if self.is_of_games { "game_events" } else { "wagers" };
        let aggregate = self.piece(&["SUM", "MAX", "MIN", "AVG", "COUNT", "COUNT(*)"]);
        let of = match aggregate {
            "COUNT(*)" => "*".to_owned(),
            "COUNT" => {
                let of = self.of();
                self.value(of, 2).0
            }
            _ => self.number(3).0,
        };
        let condition = self.boolean(2).0;
        self.is_of_games = false;
        let aggregate = aggregate.trim_end_matches("(*)");
        Statement { aggregate, of, source, condition }
    }

    /// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn piece(&mut self, of: &[&'static str]) -> &'static str {
        let piece = self.one(of);
        *self.met.entry(piece).or_default() += 1;
        piece
    }

    /// `part` where something that binds so close is needed, and now and then in brackets that nobody needs.
    fn fitted(&mut self, (text, binds): Piece, needed: Binds) -> String {
        if binds < needed || self.below(12) == 0 { format!("({text})") } else { text }
    }

    fn boolean(&mut self, depth: u32) -> Piece {
        let kinds = if depth == 0 { 6 } else { 12 };
        if self.is_of_games && self.below(8) == 0 {
            return (self.piece(&["data.won"]).to_owned(), Binds::Alone);
        }
        match self.below(kinds) {
            0 => self.is_null(depth),
            1 => self.between(depth),
            2 => self.is_in(depth),
            3 => self.like(depth),
            4 | 5 => self.comparison(depth),
            6 | 7 => self.chain("AND", Binds::And, Binds::Not, depth),
            8 => self.chain("OR", Binds::Or, Binds::And, depth),
            9 => {
                self.piece(&["NOT"]);
                let operand = self.boolean(depth - 1);
                (format!("NOT {}", self.fitted(operand, Binds::Not)), Binds::Not)
            }
            10 => {
                self.piece(&["COALESCE"]);
                let (a, b) = (self.boolean(depth - 1).0, self.boolean(depth - 1).0);
                (format!("COALESCE({a}, {b})"), Binds::Alone)
            }
            _ if self.may_fail => self.comparison(depth),
            _ => (self.piece(&["TRUE"]).to_owned(), Binds::Alone),
        }
    }

    fn chain(&mut self, word: &'static str, binds: Binds, closer: Binds, depth: u32) -> Piece {
        self.piece(&[word]);
        let left = self.boolean(depth - 1);
        let mut text = self.fitted(left, binds);
        for _ in 0..=self.below(2) {
            let right = self.boolean(depth - 1);
            let right = self.fitted(right, closer);
            text = format!("{text} {word} {right}");
        }
        (text, binds)
    }

    fn is_null(&mut self, depth: u32) -> Piece {
        let is_null = self.piece(&["IS NULL", "IS NOT NULL"]);
        let operand = if self.may_fail {
            let of_games: [&str; 2] = ["data.score", "data.name"];
            let of_wagers = ["winAmount", "playerSegment"];
            let columns = if self.is_of_games { of_games } else { of_wagers };
            (self.one(&columns).to_owned(), Binds::Alone)
        } else if self.below(4) == 0 && depth > 0 {
            self.boolean(depth - 1)
        } else {
            let of = self.of();
            self.value(of, depth)
        };
        (format!("{} {is_null}", self.fitted(operand, Binds::Comparison)), Binds::Is)
    }

    fn of(&mut self) -> Of {
        self.one(&[
            Of::Numbers,
            Of::Numbers,
            Of::Numbers,
            Of::Texts,
            Of::Texts,
            Of::Times,
            Of::Dates,
        ])
    }

    fn comparison(&mut self, depth: u32) -> Piece {
        let of = self.of();
        let sign = self.piece(&["=", "<>", "<", "<=", ">", ">="]);
        let (left, right) = (self.value(of, depth), self.right(of, depth));
        let (left, right) = (self.fitted(left, Binds::Between), self.fitted(right, Binds::Between));
        (format!("{left} {sign} {right}"), Binds::Comparison)
    }

    fn between(&mut self, depth: u32) -> Piece {
        let of = self.of();
        let word = self.piece(&["BETWEEN", "NOT BETWEEN"]);
        let parts = [self.value(of, depth), self.right(of, depth), self.right(of, depth)];
        let [value, low, high] = parts.map(|part| self.fitted(part, Binds::Plus));
        (format!("{value} {word} {low} AND {high}"), Binds::Between)
    }

    fn is_in(&mut self, depth: u32) -> Piece {
        let of = self.of();
        let word = self.piece(&["IN", "NOT IN"]);
        let value = self.value(of, depth);
        let value = self.fitted(value, Binds::Plus);
        let mut items = Vec::new();
        for _ in 0..=self.below(4) {
            items.push(if self.may_fail || self.below(4) > 0 {
                self.literal(of)
            } else {
                self.value(of, depth.min(1)).0
            });
        }
        (format!("{value} {word} ({})", items.join(", ")), Binds::Between)
    }

    fn like(&mut self, depth: u32) -> Piece {
        let word = self.piece(&["LIKE", "NOT LIKE"]);
        let value = self.value(Of::Texts, depth);
        let value = self.fitted(value, Binds::Plus);
        let mut pattern = String::new();
        for _ in 0..self.below(6) {
            let pieces =
                ["%", "%", "_", "s", "l", "ot", "VIP", "é", "É", "\\%", "\\_", "a\\\\", "-", "''"];
            pattern += self.one(&pieces);
        }
        (format!("{value} {word} '{pattern}'"), Binds::Between)
    }

    /// The other side of a comparison.
    fn right(&mut self, of: Of, depth: u32) -> Piece {
        if self.below(2) == 0 { (self.literal(of), Binds::Alone) } else { self.value(of, depth) }
    }

    fn value(&mut self, of: Of, depth: u32) -> Piece {
        match of {
            Of::Numbers => self.number(depth),
            Of::Texts => self.text(depth),
            Of::Times => self.time(depth),
            Of::Dates => self.date(depth),
        }
    }

    /// What may stand alone on any side: with a literal NULL now and then.
    fn literal(&mut self, of: Of) -> String {
        if !self.may_fail && self.below(12) == 0 {
            return self.piece(&["NULL"]).to_owned();
        }
        match of {
            Of::Numbers => {
                let whole = self.below(40);
                self.one(&["0.0", "1.0", "10.00", "0.5", "12.50", "100.0"]).to_owned()
                    + if whole == 0 { "01" } else { "" }
            }
            Of::Texts => {
                let texts =
                    ["slots", "table", "VIP", "vip", "Gold", "EUR", "Malta", "é", "É", "it''s", ""];
                format!("'{}'", self.one(&texts))
            }
            Of::Times => {
                let times = [
                    "2024-03-31T00:59:59.999999Z",
                    "2024-03-31T01:00:00Z",
                    "2024-10-27T01:00:00Z",
                    "2024-07-01T12:30:00Z",
                ];
                format!("'{}'", self.one(&times))
            }
            Of::Dates => {
                let day =
                    self.one(&["'2024-03-31'", "'2024-10-27'", "'2024-02-29'", "'2024-12-31'"]);
                if self.below(2) == 0 {
                    day.to_owned()
                } else {
                    format!("{} {day}", self.piece(&["DATE"]))
                }
            }
        }
    }

    /// What is asked of a row; of a literal only where nothing may fail.
    fn leaf(&mut self, of: Of, columns: &[&'static str]) -> Piece {
        let is_literal = !self.may_fail && self.below(4) == 0;
        let text = if is_literal && of != Of::Times && of != Of::Dates {
            self.typed(of)
        } else {
            let column = self.one(columns);
            if let Some(known) = STATEMENT_PIECES.iter().find(|piece| **piece == column) {
                *self.met.entry(known).or_default() += 1;
            }
            column.to_owned()
        };
        (text, Binds::Alone)
    }

    /// A literal that is not NULL: elsewhere `NULL + NULL` has no type.
    fn typed(&mut self, of: Of) -> String {
        loop {
            let literal = self.literal(of);
            if literal != "NULL" {
                return literal;
            }
        }
    }

    fn number(&mut self, depth: u32) -> Piece {
        const COLUMNS: [&str; 6] =
            ["wagerAmount", "wager_amount", "WAGERAMOUNT", "winAmount", "win_amount", "sequence"];
        const OF_GAMES: [&str; 3] = ["data.score", "data.score", "data.level"];
        let columns: &[&'static str] = if self.is_of_games { &OF_GAMES } else { &COLUMNS };
        if depth == 0 {
            return self.leaf(Of::Numbers, columns);
        }
        match self.below(12) {
            0 | 1 => self.leaf(Of::Numbers, columns),
            2 | 3 => self.calculation(&["+", "-"], Binds::Plus, Binds::Times, depth),
            4 => self.calculation(&["*"], Binds::Times, Binds::Sign, depth),
            5 => self.division(depth),
            6 => {
                self.piece(&["negated"]);
                let operand = self.number(depth - 1);
                (format!("- {}", self.fitted(operand, Binds::Sign)), Binds::Sign)
            }
            7 => {
                let function = self.piece(&["ABS", "ROUND", "FLOOR"]);
                let operand = self.number(depth - 1).0;
                (format!("{function}({operand})"), Binds::Alone)
            }
            8 => {
                self.piece(&["ROUND to"]);
                let operand = self.number(depth - 1).0;
                (format!("ROUND({operand}, {})", self.below(5)), Binds::Alone)
            }
            9 => {
                let part = self.piece(&["YEAR", "MONTH", "DAY", "DOW", "HOUR", "MINUTE"]);
                let at = self.time(depth - 1).0;
                (format!("EXTRACT({part} FROM {at})"), Binds::Alone)
            }
            _ => self.choice(Of::Numbers, depth),
        }
    }

    fn calculation(
        &mut self,
        signs: &[&'static str],
        binds: Binds,
        closer: Binds,
        depth: u32,
    ) -> Piece {
        let sign = self.piece(signs);
        let (left, right) = (self.number(depth - 1), self.number(depth - 1));
        let (left, right) = (self.fitted(left, binds), self.fitted(right, closer));
        (format!("{left} {sign} {right}"), binds)
    }

    /// By something that may be 0, or by a number that is not.
    fn division(&mut self, depth: u32) -> Piece {
        if self.may_fail {
            return self.calculation(&["/", "%"], Binds::Times, Binds::Sign, depth);
        }
        let sign = self.piece(&["/", "%"]);
        let left = self.number(depth - 1);
        let left = self.fitted(left, Binds::Times);
        (
            format!("{left} {sign} {}", self.one(&["3.0", "0.7", "(-8.00)", "1000000.0"])),
            Binds::Times,
        )
    }

    fn text(&mut self, depth: u32) -> Piece {
        const COLUMNS: [&str; 11] = [
            "gamingSystemId",
            "gaming_system_id",
            "gameCategory",
            "game_category",
            "gameid",
            "playerSegment",
            "player_segment",
            "jurisdiction",
            "currency",
            "wagerId",
            "OPERATORID",
        ];
        const OF_GAMES: [&str; 5] =
            ["eventType", "event_type", "game_id", "data.name", "data.name"];
        let columns: &[&'static str] = if self.is_of_games { &OF_GAMES } else { &COLUMNS };
        if depth == 0 {
            return self.leaf(Of::Texts, columns);
        }
        match self.below(6) {
            0 | 1 => self.leaf(Of::Texts, columns),
            2 | 3 => {
                let function = self.piece(&["LOWER", "UPPER"]);
                let operand = self.text(depth - 1).0;
                (format!("{function}({operand})"), Binds::Alone)
            }
            _ => self.choice(Of::Texts, depth),
        }
    }

    fn time(&mut self, depth: u32) -> Piece {
        if depth == 0 || self.below(3) > 0 {
            return ("timestamp".to_owned(), Binds::Alone);
        }
        self.choice(Of::Times, depth)
    }

    fn date(&mut self, depth: u32) -> Piece {
        if depth == 0 || self.below(3) > 0 {
            self.piece(&["CAST"]);
            let at = self.time(depth.saturating_sub(1)).0;
            return (format!("CAST({at} AS DATE)"), Binds::Alone);
        }
        self.choice(Of::Dates, depth)
    }

    /// One of several values.
    fn choice(&mut self, of: Of, depth: u32) -> Piece {
        let kind = self.piece(&["GREATEST", "LEAST", "COALESCE", "CASE", "CASE of"]);
        let first = self.value(of, depth - 1).0;
        let more = |samples: &mut Self| {
            if samples.below(3) == 0 { samples.literal(of) } else { samples.value(of, depth - 1).0 }
        };
        let text = match kind {
            "CASE" => {
                let mut text = format!("CASE WHEN {} THEN {first}", self.boolean(depth - 1).0);
                for _ in 0..self.below(2) {
                    text = format!("{text} WHEN {} THEN {}", self.boolean(depth - 1).0, more(self));
                }
                self.otherwise(text, more)
            }
            "CASE of" => {
                let asked = self.of();
                let operand = self.value(asked, depth - 1).0;
                let mut text = format!("CASE {operand} WHEN {} THEN {first}", self.literal(asked));
                for _ in 0..self.below(2) {
                    text = format!("{text} WHEN {} THEN {}", self.literal(asked), more(self));
                }
                self.otherwise(text, more)
            }
            function => {
                let others: Vec<String> = (0..=self.below(2)).map(|_| more(self)).collect();
                format!("{function}({first}, {})", others.join(", "))
            }
        };
        (text, Binds::Alone)
    }

    fn otherwise(&mut self, text: String, more: impl Fn(&mut Self) -> String) -> String {
        if self.below(2) == 0 {
            format!("{text} END")
        } else {
            format!("{text} ELSE {} END", more(self))
        }
    }
}
