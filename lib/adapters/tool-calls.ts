/**
 * Tool calls put together from their pieces. What always holds: pieces come out as they came in, and a call is given once,
 * after the last of its pieces; time is linear in the text; no more than {@link maxHeld} units of it are kept.
 */
import { type AnswerEvent, jsonOf } from './mapping.js'

/** UTF-16 units of arguments, ids and names, over all calls of an answer: far more than a model writes. */
const maxHeld = 8 * 1024 * 1024

/** One piece of a call, as far as the provider says. */
export interface Piece {
  /** The provider's number of the call. Missing, repeated or always 0 with some. */
  wireIndex?: number | undefined
  id?: string | undefined
  name?: string | undefined
  arguments: string
  /** The arguments are free text, not JSON. */
  isText?: boolean
}

interface Call {
  id: string
  index: number
  wireIndex: number | undefined
  name: string
  named: boolean
  text: string
  isText: boolean
  balance: Balance
  given: boolean
}

/** How deep in brackets the text stands, and whether they all closed. */
interface Balance {
  depth: number
  inString: boolean
  escaped: boolean
  closed: boolean
}

/** The calls of one alternative of an answer. */
export class ToolCalls {
  readonly #choice: number
  readonly #calls: Call[] = []
  readonly #byId = new Map<string, Call>()
  readonly #byWireIndex = new Map<number, Call>()
  #current: Call | undefined
  #held = 0

  constructor(choice = 0) {
    this.#choice = choice
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0
  }

  push(piece: Piece): AnswerEvent[] {
    this.#held += piece.arguments.length + (piece.name?.length ?? 0) + (piece.id?.length ?? 0) + 64
    if (this.#held > maxHeld) {
      const error = {
        error: 'The tool calls of the answer exceed 8 MiB',
        code: 'TOOL_CALL_TOO_LARGE',
        type: 'protocol_error',
      }
      return [{ type: 'error', error }]
    }
    const call = this.#callOf(piece)
    this.#current = call
    if (call.name === '' && piece.name !== undefined) call.name = piece.name
    call.isText ||= piece.isText === true
    call.text += piece.arguments
    if (!call.isText) look(call.balance, piece.arguments)
    const name = call.name !== '' && !call.named ? { name: call.name } : undefined
    call.named ||= name !== undefined
    if (call.isText || (piece.arguments === '' && name === undefined)) return []
    const delta = { id: call.id, index: call.index, ...name, delta: piece.arguments, ...this.#ofChoice() }
    return [{ type: 'tool-call-delta', call: delta }]
  }

  /** All calls that were not given yet. `cut`: the answer broke off, so none of them counts as complete. */
  giveAll(cut: boolean): AnswerEvent[] {
    return this.#calls.flatMap((call) => this.#give(call, cut))
  }

  /** The call that the provider says is complete. */
  give(id: string): AnswerEvent[] {
    const call = this.#byId.get(id)
    return call === undefined ? [] : this.#give(call, false)
  }

  #give(call: Call, cut: boolean): AnswerEvent[] {
    if (call.given) return []
    call.given = true
    const text = call.isText ? jsonOf(call.text) : call.text.trim() === '' ? '{}' : call.text
    call.text = ''
    const valid = !cut && call.name !== '' && (call.isText || isJson(text))
    const { id, index, name } = call
    return [{ type: 'tool-call', call: { id, index, name, arguments: text, valid, ...this.#ofChoice() } }]
  }

  #callOf(piece: Piece): Call {
    const known = this.#knownCall(piece)
    if (known !== undefined) return known
    const index = this.#calls.length
    const call: Call = {
      id: piece.id ?? `call_${index}`,
      index,
      wireIndex: piece.wireIndex,
      name: '',
      named: false,
      text: '',
      isText: false,
      balance: { depth: 0, inString: false, escaped: false, closed: false },
      given: false,
    }
    this.#calls.push(call)
    this.#byId.set(call.id, call)
    if (piece.wireIndex !== undefined) this.#byWireIndex.set(piece.wireIndex, call)
    return call
  }

  #knownCall(piece: Piece): Call | undefined {
    if (piece.id !== undefined) {
      const same = this.#byId.get(piece.id)
      if (same !== undefined) return same
      // An id of its own is a call of its own, whatever the number says.
      return undefined
    }
    const call = piece.wireIndex === undefined ? this.#current : this.#byWireIndex.get(piece.wireIndex)
    if (call === undefined || piece.name === undefined || call.name === '') return call
    const follows = call.name !== piece.name || (piece.arguments !== '' && call.balance.closed)
    return follows ? undefined : call
  }

  #ofChoice(): { choice: number } | undefined {
    return this.#choice === 0 ? undefined : { choice: this.#choice }
  }
}

function look(balance: Balance, text: string): void {
  for (const letter of text) {
    if (balance.escaped) balance.escaped = false
    else if (balance.inString) {
      if (letter === '\\') balance.escaped = true
      else if (letter === '"') balance.inString = false
    } else if (letter === '"') balance.inString = true
    else if (letter === '{' || letter === '[') {
      balance.depth++
      balance.closed = false
    } else if (letter === '}' || letter === ']') {
      balance.depth = Math.max(0, balance.depth - 1)
      balance.closed = balance.depth === 0
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
