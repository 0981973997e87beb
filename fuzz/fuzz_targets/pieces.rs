//! Ways to cut a body, chosen by the fuzzer. Shared by the targets: `#[path = "pieces.rs"] mod pieces;`.

/// Divides the fuzzer's bytes: the first is the target's own choice of options, the second the number of cuts (up to
/// 15), then two bytes for each cut, and the rest is the body. Returns the choice, the pieces, and the body as a whole.
/// So a seed is readable with no cuts at all: a byte of choice, a zero byte, the body.
pub fn pieces(data: &[u8]) -> Option<(u8, Vec<&[u8]>, &[u8])> {
    let (&choice, rest) = data.split_first()?;
    let (&cuts, rest) = rest.split_first()?;
    let (cuts, body) = rest.split_at_checked(usize::from(cuts % 16) * 2)?;
    let mut places: Vec<usize> =
        cuts.chunks_exact(2).map(|at| usize::from(u16::from_le_bytes([at[0], at[1]])) % (body.len() + 1)).collect();
    places.sort_unstable();
    places.push(body.len());
    let mut start = 0;
    let pieces = places.into_iter().map(|place| &body[std::mem::replace(&mut start, place)..place]).collect();
    Some((choice, pieces, body))
}
