//! A program that is made from its document when it is needed first.

use std::ops::Deref;
use std::sync::OnceLock;

use accolade_domain::program::Program;
use accolade_domain::time::ZoneOffsets;
use accolade_wire::dialect::Dialect;
use accolade_wire::program;

/// A published document and its program.
///
/// There are many versions, and few that still decide: a node that opens compiles none.
#[derive(Debug)]
pub struct LazyProgram {
    /// The document, as canonical JSON.
    pub document: Box<str>,
    /// The offsets of its time zone.
    pub zone: ZoneOffsets,
    /// The behaviour under which it was published, in whose dialect it is compiled.
    pub behaviour: u16,
    program: OnceLock<Program>,
}

impl LazyProgram {
    pub(super) const fn new(document: Box<str>, zone: ZoneOffsets, behaviour: u16) -> Self {
        Self { document, zone, behaviour, program: OnceLock::new() }
    }

    /// Whether there is a program of the document; what is not valid is never published.
    pub(super) fn is_valid(&self) -> bool {
        self.compile().is_some()
    }

    fn compile(&self) -> Option<Program> {
        let document = program::read(&self.document).ok()?;
        (Dialect::of(self.behaviour).program)(&document, self.zone.clone()).ok()
    }
}

impl Deref for LazyProgram {
    type Target = Program;

    fn deref(&self) -> &Program {
        self.program.get_or_init(|| self.compile().expect("it was valid when it was published"))
    }
}

impl PartialEq for LazyProgram {
    fn eq(&self, other: &Self) -> bool {
        let Self { document, zone, behaviour, program: _ } = self;
        (document, zone, behaviour) == (&other.document, &other.zone, &other.behaviour)
    }
}

impl Eq for LazyProgram {}
