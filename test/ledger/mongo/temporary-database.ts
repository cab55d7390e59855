export { temporaryDatabase } from '../../support/temporary-database.ts'

/** Any replica set; without it these suites say that they did not run. */
export const MONGODB_URI = process.env['LF_TEST_MONGODB_URI']

if (MONGODB_URI === undefined) {
  process.stdout.write('  MongoDB: not tested, since LF_TEST_MONGODB_URI names no replica set\n')
}
