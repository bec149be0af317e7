//! What commands print with `--json`, held against the schemas that are documented.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

/// Where the schemas are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

/// The file with the schema of a command.
pub(crate) fn file_name(command: &str) -> String {
    format!("{}.json", command.replace(' ', "-"))
}

/// Holds each line that a command has printed against its schema.
#[track_caller]
pub(crate) fn check(command: &str, printed: &str) {
    let schema = schema(command);
    for line in printed.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{command}: {error}: {line}"));
        if let Err(error) = schema.validate(&value) {
            panic!("{command}: {error} at `{}`: {line}", error.instance_path());
        }
    }
}

/// The schema of what a command prints, in which nothing may stand that it does not name: what is documented is all
/// that there is.
fn schema(command: &str) -> Validator {
    let file = folder().join(file_name(command));
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    close(&mut schema);
    jsonschema::draft202012::new(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object)
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
