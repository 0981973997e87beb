// Loading the addon and opening nothing keeps no process alive.
import { EventStreamDecoder } from 'millstream'
import { report } from './support.mjs'

const events = new EventStreamDecoder().feed('data: x\n\n')
report({ events: events.length })
