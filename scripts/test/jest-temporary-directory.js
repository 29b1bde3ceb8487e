// Tests get a temporary directory of their own, which goes when the run ends. The workers inherit the variable.
const { mkdtempSync, realpathSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

module.exports = async () => {
  process.env.TMPDIR = mkdtempSync(join(realpathSync(tmpdir()), 'jest-'));
};
