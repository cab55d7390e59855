/** Connection strings hold passwords: whatever is shown or logged goes through here first. Pure. */

const SECRETS = /(\bmongodb(?:\+srv)?:\/\/)([^@/\s]*@)/gi
const SECRET_OPTIONS = /([?&](?:tlsCertificateKeyFilePassword|proxyPassword|authMechanismProperties)=)[^&\s"']*/gi

/** The text without the credentials of any connection string in it. */
export function redact(text: string): string {
  // A password with an unescaped "/" or "@" is no valid one, but must not be shown either.
  const withoutOddOnes = text.replace(/(\bmongodb(?:\+srv)?:\/\/)[^\s"'?]*@(?=[^@\s"'?]*)/gi, '$1***@')
  return withoutOddOnes.replace(SECRETS, '$1***@').replace(SECRET_OPTIONS, '$1***')
}
