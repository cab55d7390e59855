/** What is known about a sample besides its profile; undefined when nobody says. */
export type Sample = {
  /** Weight fraction of the amphiphile, 0 to 1. */
  composition: number | undefined
  /** Degrees Celsius. */
  temperature: number | undefined
}

const kelvinOffset = 273.15
/** A number as names carry it: `078`, `0.78`, `0p78`. */
const number = String.raw`\d{1,4}(?:[.p]\d{1,3})?`
/** Parts of a name end at these. */
const start = String.raw`(?:^|[_\s-])`
const end = String.raw`(?=$|[_\s-])`

/** Percent by unit (`078wtp`, `78wt`, `78%`, `78pct`) or a fraction by letter (`w0.78`, `c0p78`, `x0.5`). */
const percent = new RegExp(`${start}(${number})(?:wtp|wt%?|%|pct|percent)${end}`, 'i')
const fraction = new RegExp(`${start}(?:w|c|x|phi)(0[.p]\\d{1,3})${end}`, 'i')
/** `T050`, `T-5`, `T25C`, `25C`, `25degC`, `T298K`, `298K`. */
const temperature = new RegExp(`${start}(?:T(-?${number})(C|degC|K)?|(${number})(C|degC|K))${end}`, 'i')

/** Reads composition and temperature from a file name such as `OTAB_078wtp_T050.pdh` (0.78 and 50 C). */
export function parseSampleName(file: string): Sample {
  const name = file.replace(/\.[a-z]{3,4}$/i, '')
  return { composition: compositionOf(name), temperature: temperatureOf(name) }
}

function compositionOf(name: string): number | undefined {
  const inPercent = percent.exec(name)?.[1]
  const value = inPercent === undefined ? toNumber(fraction.exec(name)?.[1]) : toNumber(inPercent)! / 100
  return value !== undefined && value <= 1 ? Number(value.toFixed(5)) : undefined
}

function temperatureOf(name: string): number | undefined {
  const match = temperature.exec(name)
  const value = toNumber(match?.[1] ?? match?.[3])
  const isKelvin = (match?.[2] ?? match?.[4])?.toUpperCase() === 'K'
  return value === undefined || !isKelvin ? value : Number((value - kelvinOffset).toFixed(2))
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replace(/p/i, '.'))
}
