// The command line that every server here has; see options.h.

import {parseArgs} from 'node:util';

const roles = ['echo', 'deflate', 'tls', 'broadcast', 'http', 'watch'];

/** {role, port, level, certificate, key}; ends the process on bad arguments, or on a role that is not among `known`. */
export function readOptions(known) {
  try {
    const {values} = parseArgs({
      options: {
        role: {type: 'string'},
        port: {type: 'string', default: '0'},
        backend: {type: 'string'},
        level: {type: 'string'},
        certificate: {type: 'string'},
        key: {type: 'string'},
      },
    });
    if (!roles.includes(values.role)) throw new Error('--role is missing, or there is no such role');
    if (!known.includes(values.role)) throw new Error(`no such role here: ${values.role}`);
    if (!/^\d{1,5}$/.test(values.port)) throw new Error('--port is not a port');
    if (values.level !== undefined && !/^\d$/.test(values.level)) throw new Error('--level is not a level');
    if (values.role === 'tls' && !(values.certificate && values.key)) {
      throw new Error('--certificate and --key are missing');
    }
    return {...values, port: Number(values.port), level: Number(values.level ?? 0)};
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

/** Listens on 0.0.0.0 and says where. */
export function listen(server, port) {
  server.listen({host: '0.0.0.0', port, backlog: 4096}, () => {
    process.stdout.write(`port ${server.address().port}\n`);
  });
}
