// Asks a model for an object of a schema and draws it while it arrives: node examples/structured-output.mjs
// Needs OPENAI_API_KEY; OPENAI_BASE_URL leads elsewhere, for example to `npx millstream mock`.
import { OutputError, StreamClient } from 'millstream'
import { z } from 'zod'

const Recipe = z.object({
  title: z.string(),
  minutes: z.number(),
  ingredients: z.array(z.string()),
})

const client = new StreamClient({ defaultProvider: 'openai', defaultModel: 'gpt-4o-mini' })
const result = await client.stream('Pancakes for two, please.', { output: { schema: Recipe, name: 'recipe' } })

// What is there already: any part may be missing, and strings may be cut.
let drawn = 0
for await (const recipe of result.partialObjectStream) {
  const { length } = recipe.ingredients ?? []
  while (drawn < length - 1) console.log('-', recipe.ingredients[drawn++])
}

try {
  const { title, minutes, ingredients } = await result.object
  while (drawn < ingredients.length) console.log('-', ingredients[drawn++])
  console.log(`${title}, ${minutes} minutes`)
} catch (error) {
  if (!(error instanceof OutputError)) throw error
  console.error('not a recipe:', error.code, error.path ?? error.offset)
  process.exitCode = 1
}
