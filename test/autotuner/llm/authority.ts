/** Certificates for tests: an authority, a server at 127.0.0.1 and a client, made by openssl. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../../temporary_folder.ts'

export interface Authority {
  /** Paths of PEM files. */
  readonly ca: string
  readonly clientCert: string
  readonly clientKey: string
  readonly server: { readonly cert: string; readonly key: string; readonly ca: string }
}

export function makeAuthority(): Authority {
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = (name: string) =>
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at(`${name}.key`))
  newKey('ca')
  openssl('req', '-x509', '-key', 'ca.key', '-subj', '/CN=test authority', '-days', '30', '-out', 'ca.pem')
  writeFileSync(at('server.ext'), 'subjectAltName = IP:127.0.0.1')
  writeFileSync(at('client.ext'), 'extendedKeyUsage = clientAuth')
  for (const name of ['server', 'client']) {
    newKey(name)
    openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=test ${name}`, '-out', `${name}.csr`)
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    )
  }
  const read = (name: string) => readFileSync(at(name), 'utf8')
  return {
    ca: at('ca.pem'),
    clientCert: at('client.pem'),
    clientKey: at('client.key'),
    server: { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') },
  }
}
