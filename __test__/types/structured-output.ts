// What follows from a schema: the type of the object, of its parts, and of a tool's arguments. Compiled by types.test.mjs;
// never run.
import { type CollectedResponse, defineTool, type OutputSpec, StreamClient, type StreamResult } from 'millstream'
import { z } from 'zod'

const client = new StreamClient({ defaultModel: 'm' })
const Recipe = z.object({
  title: z.string(),
  minutes: z.coerce.number(),
  steps: z.array(z.object({ text: z.string() })),
})

async function infers(): Promise<void> {
  const result = await client.stream({ prompt: '?', output: { schema: Recipe } })
  const { title, minutes, steps } = await result.object
  const texts: string[] = [title, minutes.toFixed(), ...steps.map(({ text }) => text)]
  // @ts-expect-error no recipe has an author
  texts.push((await result.object).author)

  for await (const part of result.partialObjectStream) {
    const first: string | undefined = part.steps?.[0]?.text
    // @ts-expect-error it may not be there yet
    const all: string[] = part.steps.map(({ text }) => text)
    void [first, all]
  }

  const beside = await client.stream('?', { output: { schema: Recipe } })
  const collected: CollectedResponse<z.infer<typeof Recipe>> = await beside.collect()
  collected.object?.minutes.toFixed()
  const { object, getJson } = await client.generate({ prompt: '?', output: { schema: Recipe } })
  object?.title.toUpperCase()
  getJson<{ title: string }>().title.toUpperCase()

  // Of a JSON Schema nothing follows, unless it is said.
  const plain = await client.stream({ prompt: '?', output: { schema: { type: 'object' } } })
  const value: unknown = await plain.object
  // @ts-expect-error it is unknown
  plain.partialObject.title
  const said: OutputSpec<{ n: number }> = { schema: { type: 'object' } }
  const typed = await client.stream({ prompt: '?', output: said })
  ;(await typed.object).n.toFixed()
  const untyped: StreamResult = typed
  void [value, untyped]
  // @ts-expect-error there is no such format
  void client.stream({ prompt: '?', output: { format: 'yaml' } })
}

const add = defineTool({
  name: 'add',
  parameters: z.object({ a: z.coerce.number(), b: z.number().default(1) }),
  execute: ({ a, b }, { signal, toolCallId, messages }) => {
    void [signal.aborted, toolCallId.length, messages.length]
    return a + b
  },
})
const wrong = defineTool({
  name: 'wrong',
  parameters: z.object({ a: z.number() }),
  // @ts-expect-error the schema has no such member
  execute: ({ c }) => c,
})
void client.stream({
  prompt: '?',
  tools: [add, wrong, { name: 'now', execute: () => Date.now() }, { type: 'web_search', name: 'search' }],
  onStep: ({ step, messages }) => step + messages.length,
  onToolResult: ({ tool, result, isError }) => [tool.length, result, isError],
})

void infers
