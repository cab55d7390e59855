import { setTimeout as sleep } from 'node:timers/promises'
import { Dag, FunctionTask } from 'lightflow'

const names = Array.from({ length: 6 }, (_, index) => index + 1)
const fits = names.map(n => new FunctionTask(`fit-${n}`, () => sleep(200), { needs: { gpu: 1 } }))
const plain = names.map(n => new FunctionTask(`plain-${n}`, () => sleep(50)))

export const main = new Dag('main')
main.define([...fits, ...plain].map(task => [task]))
