/** Shutters that nobody but a person may move a second time. */
import { Dag } from 'lightflow'
import { motor, traceOptions } from './traces.ts'

export const options = traceOptions

export const shutters = new Dag('shutters')
shutters.define([motor('front', { effect: 'exclusive' }), motor('back', { effect: 'exclusive' })])
