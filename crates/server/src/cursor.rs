//! Where a list goes on, as a token that belongs to the query that gave it. It is signed with a key that all nodes of a
//! cluster have, so each of them takes those of the others, also after a restart; and whoever asks learns nothing from
//! it, nor can make one.

use accolade_wire::hex::{from_hex, to_hex};
use accolade_wire::secret::{Key, Secret};

use crate::call::Call;
use crate::parameters::OPERATOR_ID;
use crate::problem::{Problem, Refusal};
use crate::routes::Audience;

/// The parameters that may change from page to page.
const CURSOR: &str = "cursor";
const LIMIT: &str = "limit";

const SIGNATURE_BYTES: usize = 16;

/// What nodes have of a list, put together: at most `limit` in the order of their places, and where the list goes on. Each
/// part says up to where its node has looked, unless it has seen all or found enough.
pub(crate) fn put_together<T, P: Ord + Copy>(
    parts: impl IntoIterator<Item = (Vec<T>, Option<P>)>,
    limit: usize,
    place: impl Fn(&T) -> P,
) -> (Vec<T>, Option<P>) {
    let (mut all, mut to) = (Vec::new(), None);
    for (found, looked_to) in parts {
        all.extend(found);
        to = [to, looked_to].into_iter().flatten().min();
    }
    // What lies behind where one of them stopped looking comes with another page.
    all.retain(|found| to.is_none_or(|to| place(found) <= to));
    all.sort_by_key(&place);
    if all.len() > limit {
        all.truncate(limit);
        to = all.last().map(place);
    }
    (all, to)
}

/// The cursors of one query.
#[derive(Debug)]
pub(crate) struct Cursors {
    key: Key,
    /// Route, operator, what the path names, and each parameter: nothing else goes on with their cursors.
    query: Vec<String>,
    given: Option<String>,
}

impl Cursors {
    /// Of the query that `call` is. Parameters count as they are written, in whatever order.
    pub(crate) fn of(call: &Call) -> Self {
        let text = |name| call.parameters.text(name).map(str::to_owned);
        let operator = match call.route.audience {
            Audience::Everybody => Some(call.operator().id.to_string()),
            Audience::Socket | Audience::FirstStart | Audience::Nodes => text(OPERATOR_ID),
        };
        let mut query = vec![call.route.id.to_owned(), call.name()];
        let own = call.route.query.iter().map(|parameter| parameter.name);
        let own = own.filter(|name| ![CURSOR, LIMIT].contains(name));
        let own = own.map(|name| (name, text(name))).chain([(OPERATOR_ID, operator)]);
        for (name, value) in own {
            query.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        }
        let secret = Secret::new(to_hex(&call.service.hash_key().0));
        Self { key: Key::of(&secret, "accolade cursor 1"), query, given: text(CURSOR) }
    }

    /// The place that the query names to go on from.
    pub(crate) fn after<const N: usize>(&self) -> Result<Option<[u64; N]>, Problem> {
        let Some(given) = &self.given else { return Ok(None) };
        read(given).filter(|place| self.at(*place) == *given).map(Some).ok_or_else(|| {
            let detail =
                "`cursor`: expected a `nextCursor` of this list, asked with the same parameters";
            Problem::new(Refusal::BadCursor, detail)
        })
    }

    /// The cursor that goes on from `place`.
    pub(crate) fn at<const N: usize>(&self, place: [u64; N]) -> String {
        let place = bytes_of(place);
        let query = self.query.iter().map(String::as_bytes);
        let signature = self.key.sign(query.chain([&*place]));
        format!("{}{}", to_hex(&place), to_hex(&signature[..SIGNATURE_BYTES]))
    }
}

fn bytes_of<const N: usize>(place: [u64; N]) -> Vec<u8> {
    place.into_iter().flat_map(u64::to_be_bytes).collect()
}

/// The place at the front of a cursor.
fn read<const N: usize>(cursor: &str) -> Option<[u64; N]> {
    let mut place = [0; N];
    for (at, number) in place.iter_mut().enumerate() {
        *number = u64::from_be_bytes(from_hex(cursor.get(16 * at..16 * (at + 1))?)?);
    }
    Some(place)
}
