/** The benchmarks' own book-keeping: a run that lost, mixed up or queued anything must not count. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkCompleted, checkConnections, checkText, digestOf, hashOf } from '../bench/lib/evidence.mjs'
import { tokensAt } from '../bench/lib/load.mjs'
import { range, ratio, replaceBetweenMarkers } from '../bench/lib/report.mjs'
import { ratioTarget } from '../bench/lib/runs.mjs'
import { median, quantile, slope, summary } from '../bench/lib/stats.mjs'

const ANSWERS = [
  { text: 'One token two', tokens: 3, bytes: 900 },
  { text: 'Another answer', tokens: 2, bytes: 600 },
]
const reference = { answers: ANSWERS, digest: digestOf(ANSWERS) }

/** What a process under test reports when it received `answers`. */
const evidence = (answers) => ({
  digest: digestOf(answers),
  streams: answers.map(({ tokens, text }) => ({ tokens, hash: hashOf(text) })),
})

test("a run counts when every text is the upstream's", () => {
  checkText('peer', evidence(ANSWERS), reference)
  checkText('peer', { digest: null, streams: ANSWERS.map(({ bytes }) => ({ bytes })) }, reference)
})

test('a run that lost a token is void', () => {
  const lost = [ANSWERS[0], { text: 'Another', tokens: 1 }]
  assert.throws(() => checkText('peer', evidence(lost), reference), /peer .* stream 1 came out as 1 tokens of 2/)
})

test('a run that merged two tokens into one is void, though its text is right', () => {
  const merged = [{ ...ANSWERS[0], tokens: 2 }, ANSWERS[1]]
  assert.throws(() => checkText('peer', evidence(merged), reference), /stream 0 came out as 2 tokens of 3/)
})

test('a run that mixed up its streams is void', () => {
  assert.throws(() => checkText('peer', evidence([ANSWERS[1], ANSWERS[0]]), reference), /stream 0/)
  const other = [ANSWERS[0], { text: 'Another question', tokens: 2 }]
  assert.throws(() => checkText('peer', evidence(other), reference), /2 tokens of 2, with another text/)
  assert.throws(() => checkText('peer', evidence([ANSWERS[0]]), reference), /reported 1 streams of 2/)
})

test('a run without parsing is void when a byte is missing', () => {
  const streams = [{ bytes: 900 }, { bytes: 599 }]
  assert.throws(() => checkText('peer', { digest: null, streams }, reference), /stream 1 came out as 599 bytes of 600/)
})

test('a run behind a limit on sockets is void, unless it had no time to open them', () => {
  checkConnections('peer', 100, 100, { loopBusy: 0.2 })
  checkConnections('peer', null, 100, { loopBusy: 0.2 })
  checkConnections('peer', 60, 100, { loopBusy: 1 })
  assert.throws(() => checkConnections('peer', 60, 100, { loopBusy: 0.2 }), /60 connections at most for 100 streams/)
})

test('a relay that broke a stream is void', () => {
  const whole = { status: 200, tokens: 3, completed: true }
  checkCompleted('peer', [whole, whole])
  const broken = { status: 200, tokens: 1, completed: false, error: 'the answer broke off' }
  assert.throws(
    () => checkCompleted('peer', [whole, broken]),
    /peer broke 1 of 2 streams: 1 after 1 tokens, HTTP 200: the/,
  )
  assert.throws(() => checkCompleted('peer', [{ ...whole, status: 502 }]), /peer broke 1 of 1 streams: 0 .* HTTP 502/)
})

test('how many tokens had come is told for any moment', () => {
  const timeline = [
    [100, 0],
    [120, 10],
    [140, 50],
  ]
  assert.equal(tokensAt(timeline, 90), 0)
  assert.equal(tokensAt(timeline, 120), 10)
  assert.equal(tokensAt(timeline, 130), 30)
  assert.equal(tokensAt(timeline, 200), 50)
})

test('a target is met by the whole cost, not by that of open streams alone', () => {
  const cost = (main, steady) => ({ main: { median: main }, steadyMain: steady && { median: steady } })
  const target = { id: 'P0', of: 'main', most: 1 / 20, what: 'paced' }
  const verdict = ratioTarget(target, cost(2, 0.1), cost(20, 10))
  assert.deepEqual(
    { ...verdict, what: undefined },
    { id: 'P0', what: undefined, wanted: '≤ 1/20', reached: '1/10', steady: '1/100', met: false },
  )
  assert.equal(ratioTarget(target, cost(1, null), cost(20, 10)).met, true)
  assert.equal(ratioTarget(target, cost(1, null), cost(20, 10)).steady, '')
})

test('medians, percentiles and slopes are those of the sample', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.equal(quantile([0, 10, 20, 30, 40], 0.9), 36)
  assert.ok(Number.isNaN(median([])))
  assert.deepEqual(summary([5, 1, 3]), { median: 3, min: 1, max: 5, n: 3 })
  assert.equal(
    slope([
      [0, 10],
      [1, 12],
      [2, 14],
    ]),
    2,
  )
  assert.equal(slope([[0, 7]]), 0)
})

test('ratios and ranges read as a person writes them', () => {
  assert.equal(ratio(0.025), '1/40')
  assert.equal(ratio(0.3), '1/3.3')
  assert.equal(ratio(0.75), '0.75')
  assert.equal(ratio(null), '')
  assert.equal(range({ median: 1.234, min: 1, max: 2 }, 1), '1.2 (1.0–2.0)')
})

test('tables replace what stands between their markers, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millstream-'))
  try {
    const file = join(folder, 'README.md')
    writeFileSync(file, 'before\n<!-- a -->\nold\n<!-- /a -->\nafter\n')
    replaceBetweenMarkers(file, 'a', 'new')
    assert.equal(readFileSync(file, 'utf8'), 'before\n<!-- a -->\n\nnew\n\n<!-- /a -->\nafter\n')
    assert.throws(() => replaceBetweenMarkers(file, 'b', 'new'), /Expected the markers/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
