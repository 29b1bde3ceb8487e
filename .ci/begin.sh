# Sourced by the scripts beside it: the repository's root, a temporary directory, and the time that all checks have together.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
ALL_MINUTES=88
TMPDIR=$(node scripts/test/temporary-directory.mjs $$) || exit
export TMPDIR
# shellcheck source=.ci/checks.sh
source .ci/checks.sh
trap 'rm -rf "$TMPDIR"' EXIT

export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 JSII_SILENCE_SUPPORT_WARNING=1
