/** The version of this installation. */
import { ownPackage } from './package-root.ts'

export const version: string = ownPackage()?.version ?? '0.0.0'
