/** How many TCP connections a process really holds to a port, read from /proc (Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const ESTABLISHED = '01'

/** Established connections of process `pid` to `port` on the loopback interface. */
export function connectionsTo(port, pid) {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const [, , remote, state, , , , , , inode] = line.trim().split(/\s+/)
      if (state === ESTABLISHED && remote.endsWith(`:${wanted}`)) inodes.add(inode)
    }
  }
  const folder = `/proc/${pid}/fd`
  let count = 0
  for (const descriptor of readdirSync(folder)) {
    try {
      const socket = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${descriptor}`))
      if (socket && inodes.has(socket[1])) count++
    } catch {
      // Closed between the listing and the look.
    }
  }
  return count
}
