/** No relay at all: a response that was begun and stays open, which is Node's share of what a relayed stream holds. */
import { beginEvents, sendToken } from './sse.mjs'

export const create = () => async (_seed, res) => {
  beginEvents(res)
  sendToken(res, 'One')
}
