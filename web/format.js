// Values as people read them.

const encoder = new TextEncoder();

export const byteLength = (text) => encoder.encode(text).length;

export function formatBytes(count) {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = -1;
  do {
    value /= 1000;
    unit += 1;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const two = (number) => String(number).padStart(2, '0');

export const formatClock = (date) =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

export const formatTime = (date) => `${formatClock(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;

export function formatDuration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const days = Math.floor(s / 86400);
  const clock = `${Math.floor((s % 86400) / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

/** Rows of `width` bytes, each as hex and as ASCII with a dot for what does not print. */
export function hexDump(bytes, width) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += width) {
    const row = bytes.subarray(at, at + width);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = Array.from(row, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    rows.push(`${hex.padEnd(width * 3 - 1)}  ${ascii}`);
  }
  return rows.join('\n');
}

const imageSignatures = [
  { type: 'image/png', extension: 'png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47] },
  { type: 'image/jpeg', extension: 'jpg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', extension: 'gif', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: 'image/webp', extension: 'webp', at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { type: 'image/avif', extension: 'avif', at: 4, bytes: [0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66] },
];

/** The picture format that the first bytes announce, or undefined: a message carries no file type. */
export const sniffImage = (bytes) =>
  imageSignatures.find((signature) => signature.bytes.every((byte, i) => bytes[signature.at + i] === byte));

const closeMeanings = new Map([
  [1000, 'Normal closure'],
  [1001, 'Going away'],
  [1002, 'Protocol error'],
  [1003, 'Unsupported data'],
  [1005, 'Closed without a code'],
  [1006, 'No Close frame came'],
  [1007, 'Invalid payload data'],
  [1008, 'Policy violation'],
  [1009, 'Message too big'],
  [1010, 'Mandatory extension missing'],
  [1011, 'Internal server error'],
  [1012, 'Service restart'],
  [1013, 'Try again later'],
  [1014, 'Bad gateway'],
  [1015, 'TLS handshake failed'],
]);

/** What a close code says (RFC 6455 §7.4 and the IANA registry). */
export function closeMeaning(code) {
  if (closeMeanings.has(code)) return closeMeanings.get(code);
  if (code >= 4000 && code < 5000) return 'Application’s own code';
  if (code >= 3000 && code < 4000) return 'Library’s registered code';
  return 'Unknown code';
}
