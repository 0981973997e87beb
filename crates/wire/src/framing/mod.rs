//! Framing: how a body is cut into events, before anybody asks what they mean.
//!
//! What always holds: items come out the same however the bytes were cut into pieces; every byte is looked at a bounded
//! number of times, so that time is linear for any fragmentation; what lies whole in one piece is borrowed from it, not copied; memory is bounded by the cap the
//! caller gives, and a body that goes beyond it is refused once and for all. Imports `memchr` and the crate's errors.

pub mod aws_event_stream;
mod bom;
pub mod encode;
pub mod ndjson;
pub mod sse;
pub mod values;
mod work;

/// Buffers that grew beyond this for one large event are given back after it: a process holds thousands of streams.
const KEPT_CAPACITY: usize = 64 * 1024;

/// Empties a buffer, and gives memory back that only an unusually large event needed.
#[inline]
fn recycle(buffer: &mut Vec<u8>) {
    buffer.clear();
    if buffer.capacity() > KEPT_CAPACITY {
        buffer.shrink_to(KEPT_CAPACITY);
    }
}
