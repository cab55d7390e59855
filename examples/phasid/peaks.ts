/**
 * Finds the peaks of a profile: window, background off, light smoothing, local maxima that stand out of the noise, then for each its
 * position, height and width. A maximum is either sharp (a Bragg peak of a crystal lattice, the only kind that
 * is indexed) or a hump (the correlation peak of a disordered solution). What lies between is decided by `broad`, a matter
 * of the instrument and the sample: see instrument-presets.ts.
 */
import { estimateBackground } from './background.ts'
import { measurePeak, type Peak } from './measure-peak.ts'
import { median } from './median.ts'
import { estimateNoise } from './noise.ts'
import { cutToWindow, requireRowCount, type Profile } from './profile.ts'
import { findSummits } from './prominence.ts'
import { rebin } from './rebin.ts'
import { smooth } from './smooth.ts'

export type PeaksOptions = {
  /** Range to search, 1/Angstrom. */
  qMin: number
  qMax: number
  /** FWHM ÷ q from which a peak counts as a hump. */
  broad: number
  /** Least height in units of the local noise. */
  minSnr?: number
}

/** Sharp peaks and humps, both ascending in q. */
export type Peaks = { sharp: Peak[]; humps: Peak[] }

/** Six standard deviations of one point: random maxima of a few thousand points do not reach it. */
const defaultMinSnr = 6
/** Peaks below this share of the strongest are ripples of the background estimate. */
const minShareOfLargest = 0.0008
/** A small peak this near (share of q) to a peak so many times higher is its tail: detector or beam spill. */
const satelliteRange = 0.08
const satelliteShare = 0.04
/** More sharp peaks than this means powder rings or noise; the strongest are kept. Bounds the work of indexing. */
export const maxPeaks = 40
/** Humps are looked for in this many bins, above a background that follows only features wider than this share. */
const humpBins = 60
const humpHalfWidthShare = 0.25

/** Looking this share beyond the upper end keeps a peak right at the end whole; nothing is reported from there. */
const upperMargin = 0.04

/** Finds the peaks inside a range of q. Throws PHASID_NOT_A_PROFILE when the profile has too few points there. */
export function findPeaks(full: Profile, { qMin, qMax, broad, minSnr = defaultMinSnr }: PeaksOptions): Peaks {
  const profile = cutToWindow(full, qMin, qMax * (1 + upperMargin))
  requireRowCount(profile.q.length)
  const noise = estimateNoise(profile.intensity, profile.sigma)
  const found = dropSatellites(findMaxima(profile.q, profile.intensity, noise, minSnr))
  const sharp = strongest(found.filter(peak => peak.fwhm / peak.q < broad))
  const humps = findHumps(profile, noise, minSnr).filter(
    hump => hump.fwhm / hump.q >= broad && !sharp.some(peak => Math.abs(peak.q - hump.q) < hump.fwhm),
  )
  return { sharp: sharp.filter(peak => peak.q <= qMax), humps: humps.filter(hump => hump.q <= qMax) }
}

/** Coarse bins and a stiff background: what is too wide and too noisy to show up point by point. */
function findHumps(profile: Profile, noise: readonly number[], minSnr: number): Peak[] {
  const points = Math.max(1, Math.floor(profile.q.length / humpBins))
  const binNoise = rebin(noise, points).map(value => value / Math.sqrt(points))
  return findMaxima(rebin(profile.q, points), rebin(profile.intensity, points), binNoise, minSnr, humpHalfWidthShare)
}

function findMaxima(
  q: readonly number[],
  intensity: readonly number[],
  noise: readonly number[],
  minSnr: number,
  halfWidthShare?: number,
): Peak[] {
  const background = estimateBackground(intensity, median(noise), halfWidthShare)
  const signal = smooth(intensity.map((value, point) => value - background[point]!))
  const found = findSummits(signal)
    .map(summit => measurePeak(q, signal, noise, summit))
    .filter(peak => peak.snr > minSnr)
  const largest = found.reduce((most, peak) => Math.max(most, peak.height), 0)
  return found.filter(peak => peak.height > minShareOfLargest * largest)
}

function dropSatellites(peaks: readonly Peak[]): Peak[] {
  return peaks.filter(
    peak =>
      !peaks.some(
        other => peak.height < satelliteShare * other.height && Math.abs(peak.q - other.q) < satelliteRange * other.q,
      ),
  )
}

function strongest(peaks: readonly Peak[]): Peak[] {
  const kept = peaks.toSorted((a, b) => b.snr - a.snr).slice(0, maxPeaks)
  return kept.sort((a, b) => a.q - b.q)
}
