//! Schemas of what is sent, from the types that are sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use accolade_domain::amount::{Multiplier, Points, Rate};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Refusal;
use crate::shapes::{Exact, Page, Time};
use crate::summary::{Share, Sum};

/// Schemas that others refer to, by their names.
#[derive(Default)]
pub(crate) struct Schemas(pub(crate) BTreeMap<String, RefOr<Schema>>);

/// Names a schema, once all that it needs is there.
pub(crate) type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;

/// The schema of a type, by its name.
pub(crate) fn of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let mut found = Vec::new();
    T::schemas(&mut found);
    schemas.0.extend(found);
    schemas.0.insert(T::name().into_owned(), T::schema());
    named::<T>()
}

/// The schema of either of two types.
pub(crate) fn either<A: ToSchema, B: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    OneOfBuilder::new().item(of::<A>(schemas)).item(of::<B>(schemas)).into()
}

/// The schema of any of three types, of which one may be another with more fields.
pub(crate) fn any_of<A: ToSchema, B: ToSchema, C: ToSchema>(
    schemas: &mut Schemas,
) -> RefOr<Schema> {
    let all = AnyOfBuilder::new().item(of::<A>(schemas)).item(of::<B>(schemas));
    RefOr::T(Schema::AnyOf(all.item(of::<C>(schemas)).build()))
}

/// Any JSON object.
pub(crate) fn object(_: &mut Schemas) -> RefOr<Schema> {
    ObjectBuilder::new().into()
}

fn named<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// One of a few words.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Schema {
    let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
}

/// A text that may be missing.
pub(crate) fn text_or_null(what: &str) -> Schema {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(types).description(Some(what)).into()
}

/// All codes of problems.
pub(crate) fn problem_codes() -> Schema {
    one_of(Refusal::ALL.into_iter().map(|refusal| refusal.answer().1))
}

/// A decimal that the API writes.
pub(crate) trait Decimal {
    const NAME: &'static str;
    const WHAT: &'static str;
}

impl Decimal for Points {
    const NAME: &'static str = "Points";
    const WHAT: &'static str = "Loyalty points, with two decimals.";
}

impl Decimal for Multiplier {
    const NAME: &'static str = "Multiplier";
    const WHAT: &'static str = "Points for each unit of the stake, exactly.";
}

impl Decimal for Rate {
    const NAME: &'static str = "Rate";
    const WHAT: &'static str = "A factor, exactly.";
}

impl<T: Decimal> PartialSchema for Exact<T> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Number).description(Some(T::WHAT)).into()
    }
}

impl<T: Decimal> ToSchema for Exact<T> {
    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }
}

impl Decimal for Sum {
    const NAME: &'static str = "PointsTogether";
    const WHAT: &'static str = "Loyalty points of many players, with two decimals.";
}

impl Decimal for Share {
    const NAME: &'static str = "Share";
    const WHAT: &'static str = "A part of a whole, with four decimals.";
}

/// What `accolade_wire::timestamp` reads, but for the calendar, which the format `date-time` has.
pub(crate) const TIME_PATTERN: &str = "^(19[7-9]|[2-9][0-9]{2})[0-9]-[0-1][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-5][0-9]:\
                                       [0-6][0-9](\\.[0-9]{1,9})?([Zz]|[+-]00:00)$";

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some(TIME_PATTERN))
            .description(Some("RFC 3339, in UTC."))
            .examples([json!("2026-11-20T10:30:00Z")])
            .into()
    }
}

impl ToSchema for Time {}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let cursor = text_or_null("Where the next page begins; nothing after the last one.");
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(named::<T>()))
            .property("nextCursor", cursor)
            .required("items")
            .required("nextCursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
    }
}
