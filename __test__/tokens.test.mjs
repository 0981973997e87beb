// Token counts against OpenAI's own tokenizer, and what is built on them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  countMessagesTokens,
  countMessageTokens,
  countTokens,
  estimateRequestTokens,
  TokenCounter,
  ValidationError,
} from 'millstream'
import * as streaming from 'millstream/streaming'
import { get_encoding } from 'tiktoken'
import { tableOf, tables } from '../scripts/token-tables.mjs'

const encodings = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base']

/** A generator of numbers below a bound, the same in every run. */
function dice(seed) {
  let state = seed >>> 0
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const written = [
  '',
  ' ',
  'a',
  'Hello, world!',
  'The quick brown fox jumps over the lazy dog.',
  "It's 5 o'clock; they'RE late, we'LL wait, I'M sure you'd've known.",
  "'s 'such 'reason ''s x'ſt 'ſ I’m you’re",
  'def main(argv: list[str]) -> int:\n    return {k: v for k, v in enumerate(argv)}\n',
  '{"id":"chatcmpl-1","choices":[{"delta":{"content":"Hi"},"index":0}],"usage":null}',
  '\tif (a === b) {\r\n\t\treturn a / b // 50%\r\n\t}\r\n\r\n\r\n}',
  'https://example.com/path/to?query=1&other=%20#fragment',
  '   leading and trailing   ',
  '\n\n\n  \n\t \r\n x',
  'a  b   c    d     e',
  '1234567890 3.14159 1,000,000 0xDEADBEEF 1e-9 ½ Ⅷ ²',
  'ALL CAPS HTTPServer camelCase snake_case kebab-case XMLHttpRequest',
  '你好，世界。今天天气怎么样？',
  '日本語のテキストとカタカナ、ひらがな。',
  '한국어 문장은 띄어쓰기가 있습니다.',
  '中文ABC中d混合Text文',
  'Привет, мир! Как дела?',
  'مرحبا بالعالم، كيف حالك؟',
  'שלום עולם',
  'สวัสดีชาวโลก',
  'नमस्ते दुनिया, यह १२३ है',
  'Ça va très bien, merci — naïve façade',
  'e\u0301AB a\u0300\u0301 \u0301x \u0301',
  '🎉🎊 party 👨‍👩‍👧‍👦 family 🏳️‍🌈 flag 🇳🇴',
  '😀'.repeat(20),
  '<|endoftext|> <|im_start|>user<|im_sep|> <|fim_prefix|> <|endofprompt|>',
  '\u0000\u0001\u0007 control \u007f',
  '\u00a0nbsp\u3000wide\u2028line\u2029para\u0085nel',
  '\ufeffbom\ufffd replaced',
  '$$\\int_0^\\infty e^{-x^2} dx = \\frac{\\sqrt{\\pi}}{2}$$',
  '| a | b |\n|---|:-:|\n| 1 | 2 |\n',
  '```rust\nfn main() { println!("{}", 1); }\n```\n',
  '!!!???...---===///\\\\\\',
  '//\n//\n/// doc\n',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  'ab'.repeat(200),
  ' '.repeat(300),
  '\n'.repeat(200),
  '中'.repeat(150),
  '-'.repeat(250),
  'A'.repeat(700),
  'supercalifragilisticexpialidocious'.repeat(12),
]

/** More of them, thrown together of pieces that the patterns care about. */
const thrown = (() => {
  const roll = dice(7)
  const pieces = [
    ...["'", "'s", "'ll", 'a', 'B', 'é', 'É', '中', 'ʰ', 'ǅ', '\u0301', '1', '23', '½', ' ', '  ', '\t', '\n', '\r\n'],
    ...['\u00a0', '!', '/', '.', '🎉', '\u200d', 'word', 'Word', 'WORD', ' the', 'ing', '<|endoftext|>', 'λ', '한'],
  ]
  return Array.from({ length: 220 }, () =>
    Array.from({ length: 1 + roll(40) }, () => pieces[roll(pieces.length)]).join(''),
  )
})()

const texts = [...written, ...thrown]

describe('counts', () => {
  for (const name of encodings) {
    test(`are those of tiktoken: ${name}`, () => {
      const reference = get_encoding(name)
      try {
        assert.ok(texts.length > 200)
        for (const text of texts) {
          assert.equal(countTokens(text, name).tokens, reference.encode_ordinary(text).length, JSON.stringify(text))
        }
      } finally {
        reference.free()
      }
    })
  }

  test('of a growing text are those of the whole, wherever it is cut', () => {
    const roll = dice(11)
    for (const name of ['o200k_base', 'cl100k_base']) {
      for (const text of texts) {
        const counter = new TokenCounter(name)
        for (let at = 0; at < text.length; ) {
          const end = Math.min(text.length, at + 1 + roll(6))
          counter.push(text.slice(at, end))
          at = end
          // Sometimes asked, sometimes not.
          if (roll(3) === 0 && !/[\ud800-\udbff]$/.test(text.slice(0, at))) {
            assert.equal(counter.tokens, countTokens(text.slice(0, at), name).tokens, JSON.stringify(text.slice(0, at)))
          }
        }
        assert.equal(counter.tokens, countTokens(text, name).tokens, JSON.stringify(text))
        assert.equal(counter.characters, text.length)
      }
    }
  })

  test('of endless words, spaces and lines take time in proportion to their length', () => {
    for (const character of ['a', ' ', '\n', '中', '!']) {
      const time = (length) => {
        const text = character.repeat(length)
        const began = performance.now()
        const whole = countTokens(text, 'gpt-4o').tokens
        const counter = new TokenCounter('gpt-4o')
        for (let at = 0; at < length; at += 50) {
          counter.push(text.slice(at, at + 50))
          // Asked all along: that must not begin at the beginning again.
          if (at % 500 === 0) counter.tokens
        }
        assert.equal(counter.tokens, whole)
        return performance.now() - began
      }
      time(1000)
      const [short, long] = [time(5_000), time(100_000)]
      // Twenty times the text; what is quadratic would take four hundred times as long.
      assert.ok(long < 150 * Math.max(short, 5), `${JSON.stringify(character)}: ${short} ms, then ${long} ms`)
    }
  })

  test("of models are in the model's encoding", () => {
    const text = 'Привет, мир! 你好'
    const encodingOf = (model) => new TokenCounter(model).encoding
    for (const [model, encoding] of [
      ['gpt-4o', 'o200k_base'],
      ['gpt-4o-mini-2024-07-18', 'o200k_base'],
      ['gpt-4.1-nano', 'o200k_base'],
      ['gpt-5', 'o200k_base'],
      ['o3-mini', 'o200k_base'],
      ['openai/gpt-4o', 'o200k_base'],
      ['ft:gpt-4o-mini:acme', 'o200k_base'],
      ['openai/gpt-oss-120b', 'o200k_harmony'],
      ['gpt-4', 'cl100k_base'],
      ['gpt-4-turbo-2024-04-09', 'cl100k_base'],
      ['gpt-3.5-turbo', 'cl100k_base'],
      ['gpt-35-turbo', 'cl100k_base'],
      ['text-davinci-003', 'p50k_base'],
      ['davinci', 'r50k_base'],
      ['claude-3-opus', undefined],
      ['gpt-4all', undefined],
      ['ollama/adapter', undefined],
    ]) {
      assert.equal(encodingOf(model), encoding, model)
      if (encoding !== undefined) assert.deepEqual(countTokens(text, model), countTokens(text, encoding))
    }
  })

  test('without a known encoding are an estimate that says so', () => {
    assert.deepEqual(countTokens('Hello world'), { tokens: 3, characters: 11, isEstimated: true })
    assert.deepEqual(countTokens('', 'claude-3-opus'), { tokens: 0, characters: 0, isEstimated: true })
    // Characters are UTF-16 units.
    assert.deepEqual(countTokens('🎉🎉🎉'), { tokens: 2, characters: 6, isEstimated: true })
    assert.deepEqual(countTokens('🎉', 'gpt-4o'), { tokens: 2, characters: 2 })
    const counter = new TokenCounter().push('Hello').push(' world')
    assert.deepEqual([counter.tokens, counter.characters, counter.isEstimated], [3, 11, true])
  })

  test('of messages and requests add four tokens a message', () => {
    const messages = [
      { role: 'user', content: 'Hello world' },
      { role: 'assistant', content: 'Hi' },
    ]
    assert.deepEqual(countMessageTokens(messages[0]), { tokens: 7, characters: 11, isEstimated: true })
    assert.deepEqual(countMessagesTokens(messages), { tokens: 12, characters: 13, isEstimated: true })
    assert.deepEqual(countMessagesTokens([]), { tokens: 0, characters: 0, isEstimated: true })
    assert.deepEqual(estimateRequestTokens(messages, 'Be brief.'), { tokens: 15, characters: 22, isEstimated: true })
    assert.deepEqual(countMessagesTokens(messages, 'gpt-4o'), { tokens: 11, characters: 13 })
    const parts = [
      { type: 'text', text: 'Hello world' },
      { type: 'image', image: 'https://example.com/a.png' },
    ]
    assert.deepEqual(countMessageTokens({ content: parts }, 'gpt-4o'), { tokens: 6, characters: 11 })
  })

  test('refuse what is no text', () => {
    const refused = (call, field) =>
      assert.throws(call, (error) => error instanceof ValidationError && error.field === field)
    refused(() => countTokens(5), 'text')
    refused(() => countTokens('x', ''), 'model')
    refused(() => countMessageTokens({ role: 'user' }), 'message.content')
    refused(() => countMessagesTokens('x'), 'messages')
    refused(() => new TokenCounter('gpt-4o').push(null), 'text')
  })

  test('are there under the path of the streaming part, too', () => {
    assert.equal(streaming.countMessageTokens, countMessageTokens)
    assert.equal(streaming.countMessagesTokens, countMessagesTokens)
    assert.equal(streaming.estimateRequestTokens, estimateRequestTokens)
    assert.equal(streaming.TokenCounter, TokenCounter)
    assert.equal(streaming.countTokens, countTokens)
  })
})

test('the tables are what tiktoken has', () => {
  for (const name of tables) {
    const file = readFileSync(new URL(`../tables/${name}.bpe`, import.meta.url))
    assert.ok(file.equals(tableOf(name)), `${name}: run node scripts/token-tables.mjs`)
  }
})
