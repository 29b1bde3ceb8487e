// Tests get a temporary directory of their own, which goes when the run ends. The workers inherit the variable.
const { chmodSync, mkdtempSync, realpathSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

module.exports = async () => {
  process.env.TMPDIR = mkdtempSync(join(realpathSync(tmpdir()), 'jest-'));
  chmodSync(process.env.TMPDIR, 0o711); // builds of the embedded AWS have processes of other users
};
