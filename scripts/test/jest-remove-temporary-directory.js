const { rmSync } = require('fs');

module.exports = async () => rmSync(process.env.TMPDIR, { recursive: true, force: true });
