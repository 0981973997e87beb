// A certificate for servers on 127.0.0.1, made for this process by the openssl of the machine.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let made

/** `{ key, cert }` as PEM; `undefined` where there is no openssl, and a test says that it skips. */
export function certificate() {
  made ??= make()
  return made.pair
}

function make() {
  const folder = mkdtempSync(join(tmpdir(), 'millstream-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  try {
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' })
    return { pair: { key: readFileSync(key), cert: readFileSync(cert) } }
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return { pair: undefined }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
