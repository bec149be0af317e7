//! One connection over which an app watches several things: leaderboards, its player's position, balance and tier. What is
//! watched is looked at as for streams (`leaderboards/live.rs`), and told by the same bytes. `docs/decisions/051` says why
//! it is so; `docs/live.md` describes the messages.

mod said;
mod socket;
mod subscription;

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use self::socket::Socket;
use crate::call::Call;
use crate::connection::{Closed, Line};
use crate::leaderboards::live::{Bound, stopping};
use crate::problem::{Problem, Refusal};

/// What is spoken over the connection, as browsers ask for it.
const PROTOCOL: &str = "accolade";
/// Before a token that comes along with that, since a page sets no other header.
const BEARER: &str = "bearer.";
/// Bytes that are read at a time. What clients say is short, and there are many of them.
const READ_BYTES: usize = 1 << 10;
/// Bytes that wait before they are written: the news of a moment go out together.
const WRITE_BYTES: usize = 4 << 10;
/// Bytes that may wait: more than the longest list has.
const WRITE_BYTES_MAX: usize = 256 << 10;
/// Bytes of a message that is read at all.
const FRAME_BYTES_MAX: usize = 16 << 10;

/// Lets somebody watch over a WebSocket.
pub(crate) async fn open(mut call: Call) -> Result<Response, Problem> {
    let upgrade = WebSocketUpgrade::from_request_parts(&mut call.parts, &()).await;
    let upgrade = upgrade.map_err(|why| {
        let detail = format!(
            "expected the handshake of a WebSocket over HTTP/1.1, of version 13: {}",
            why.body_text()
        );
        Problem::new(Refusal::BadHeader, detail)
    })?;
    let offers_some = upgrade.requested_protocols().next().is_some();
    if offers_some && !upgrade.requested_protocols().any(|offered| *offered == PROTOCOL) {
        let detail = format!("`Sec-WebSocket-Protocol`: expected `{PROTOCOL}` among them");
        return Err(Problem::new(Refusal::BadHeader, detail));
    }
    let seat = call.service.live.seat(&call.service, vec![Bound::of(&call)])?;
    let line = call.parts.extensions.remove::<Line>();
    let line = line.map(|line| line.upgrade().ok_or_else(stopping)).transpose()?;
    let socket = Socket::of(call, seat, line);
    Ok(upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_failed_upgrade(|error| {
            tracing::debug!(%error, "a connection did not become a socket");
            Closed::Broken.count();
        })
        .on_upgrade(|stream| socket.run(stream)))
}

/// The token that comes among the protocols.
pub(crate) fn offered(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().map(HeaderValue::to_str);
    let mut each = all.filter_map(Result::ok).flat_map(|value| value.split(','));
    each.find_map(|protocol| protocol.trim().strip_prefix(BEARER))
}
