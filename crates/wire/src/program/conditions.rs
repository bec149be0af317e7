//! Conditions (`where`) in the query language.

use accolade_domain::query::expression::Expression;

use super::fields::{Problems, Section};
use crate::document::Value;
use crate::query::compile_condition;

/// Reads the condition of rules or of a promotion.
pub(super) fn condition(section: &Section<'_>, problems: &mut Problems) -> Option<Expression> {
    let field = section.get("where")?;
    let Value::Text(text) = &field.node.value else {
        field.expected("a condition in quotes, such as `\"gameId <> 'demo-slot'\"`", problems);
        return None;
    };
    let condition = compile_condition(text);
    if let Err(problem) = &condition {
        field.wrong(format!("in the condition, {problem}"), problems);
    }
    condition.ok()
}
