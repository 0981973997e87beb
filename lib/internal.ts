/** What the project's own tests and scripts look at. Not part of the package. */
export { hearNews, hearToken, isHeard } from './answer/roles.js'
export { answerFromBytes, answerFromChunks } from './fed-answer.js'
export { table } from './providers/table.js'
export { AnswerHandle, resultOf } from './stream-result.js'
export { takeOver } from './streaming-response/take-over.js'
