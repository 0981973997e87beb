import { model } from '../../lib/model.js'

export default async function handler(req, res) {
  await model.stream({ messages: req.body.messages }).pipe(res)
}
