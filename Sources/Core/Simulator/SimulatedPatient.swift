import Uplink
import Vitals

/// A body that rests, walks, exerts itself and recovers, with what sensors on it say. No physiology
/// to rely on: curves that look like those of people, so that charts, alarms and limits have
/// something to do.
struct SimulatedPatient: Equatable, Sendable {
    /// What it is doing.
    enum Activity: Equatable, Sendable { case rest, walk, exertion, recovery }

    /// Beats per minute at rest and at most.
    private let restingRate: Double
    private let highestRate: Double
    /// mmHg at rest.
    private let restingSystolic: Double
    private let restingDiastolic: Double
    private(set) var activity = Activity.rest
    /// Seconds until the activity changes.
    private var secondsLeft: Double
    /// How hard it is, 0 to 1.
    private var effort = 0.0
    private(set) var heartRate: Double
    /// °C; follows the effort in minutes.
    private var temperature = 36.7
    /// mg/dL; rises with a meal and falls back.
    private var glucose = 95.0
    /// Seconds until the electrodes are wet again; 0: contact.
    private(set) var secondsWithoutContact = 0.0

    init(random: inout RandomSource) {
        restingRate = Self.draw(50...85, &random)
        highestRate = Self.draw(165...200, &random)
        restingSystolic = Self.draw(105...130, &random)
        restingDiastolic = Self.draw(65...82, &random)
        heartRate = restingRate
        secondsLeft = Self.draw(10...120, &random)
    }

    /// A number of the range, each as likely as the others.
    static func draw(_ range: ClosedRange<Double>, _ random: inout RandomSource) -> Double {
        let fraction = Double(random.next() >> 11) / Double(UInt64(1) << 53)
        return range.lowerBound + (range.upperBound - range.lowerBound) * fraction
    }

    /// Lets so many seconds pass.
    mutating func pass(_ seconds: Double, random: inout RandomSource) {
        secondsLeft -= seconds
        if secondsLeft <= 0 { change(random: &random) }
        let target = restingRate + effort * (highestRate - restingRate)
        // A heart is quicker to speed up than to slow down: time constants of 20 s and 45 s.
        heartRate += (target - heartRate) * Self.share(seconds, target > heartRate ? 20 : 45)
        heartRate += Self.draw(-1.2...1.2, &random) * Self.share(seconds, 1)
        heartRate = min(max(heartRate, 35), 215)
        temperature += (36.6 + 1.4 * effort - temperature) * Self.share(seconds, 600)
        glucose += (90 - glucose) * Self.share(seconds, 1_800)
        if Self.happens(every: 3_600, in: seconds, &random) {
            glucose += Self.draw(20...60, &random)
        }
        secondsWithoutContact = max(0, secondsWithoutContact - seconds)
        if secondsWithoutContact == 0, Self.happens(every: 300, in: seconds, &random) {
            secondsWithoutContact = Self.draw(3...20, &random)
        }
    }

    /// How much of the way to its target goes in that time: a first-order lag, without the
    /// exponential function and never beyond the target.
    private static func share(_ seconds: Double, _ constant: Double) -> Double {
        seconds / (seconds + constant)
    }

    private static func happens(
        every interval: Double, in seconds: Double, _ random: inout RandomSource
    ) -> Bool {
        draw(0...1, &random) < share(seconds, interval)
    }

    private mutating func change(random: inout RandomSource) {
        switch activity {
        case .rest:
            let isHard = Self.draw(0...1, &random) < 0.5
            activity = isHard ? .exertion : .walk
            effort = isHard ? Self.draw(0.65...0.98, &random) : Self.draw(0.2...0.4, &random)
            secondsLeft = Self.draw(60...300, &random)
        case .walk, .exertion:
            activity = .recovery
            effort = 0.1
            secondsLeft = Self.draw(60...180, &random)
        case .recovery:
            activity = .rest
            effort = 0
            secondsLeft = Self.draw(60...300, &random)
        }
    }

    /// What the bedside would write down now, in units of `PatientQuantity`, with as many decimals
    /// as devices have.
    func units(of quantity: PatientQuantity, random: inout RandomSource) -> Int64 {
        let load = (heartRate - restingRate) / (highestRate - restingRate)
        func value(_ number: Double, noise: Double, decimals: Int64) -> Int64 {
            let noisy = number + Self.draw(-noise...noise, &random)
            let step = PatientQuantity.unitsPerOne / decimals
            let bounds = quantity.plausibleUnits
            let rounded = Int64((noisy * Double(decimals)).rounded()) * step
            return min(max(rounded, bounds.lowerBound), bounds.upperBound)
        }
        return switch quantity {
        case .glucoseLevel: value(glucose, noise: 2, decimals: 10)
        case .oxygenSaturation: value(0.975 - 0.02 * max(0, load), noise: 0.006, decimals: 1_000)
        case .bodyTemperature: value(temperature, noise: 0.05, decimals: 100)
        case .respiratoryRate: value(14 + 26 * max(0, load), noise: 1, decimals: 10)
        case .heartRate: value(heartRate, noise: 0.5, decimals: 10)
        case .bloodPressureSystolic:
            value(restingSystolic + 60 * max(0, load), noise: 3, decimals: 1)
        case .bloodPressureDiastolic:
            value(restingDiastolic + 8 * max(0, load), noise: 2, decimals: 1)
        }
    }

    /// What a chest strap notifies once a second: without contact, what straps say then.
    func notification(random: inout RandomSource) -> HeartRateMeasurement {
        guard secondsWithoutContact == 0 else {
            return HeartRateMeasurement(beatsPerMinute: 0, contact: .notDetected)
        }
        var measurement = HeartRateMeasurement(
            beatsPerMinute: UInt16(heartRate.rounded()), contact: .detected)
        let beats = max(1, Int(heartRate / 60))
        for _ in 0..<beats {
            // Breathing and chance: some hundredths of a second, less at high rates.
            let second = 60 / heartRate + Self.draw(-0.03...0.03, &random) * 60 / heartRate
            measurement.rrIntervals.append(UInt16((second * 1_024).rounded()))
        }
        return measurement
    }
}
