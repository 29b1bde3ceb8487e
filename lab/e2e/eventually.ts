/** Repeats an assertion until it holds, and returns what it returns; fails with what it last said. */
export async function eventually<T>(assertion: () => Promise<T>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}
