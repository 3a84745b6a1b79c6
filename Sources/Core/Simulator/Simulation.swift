public import Bytes
import Time
import Uplink
import Vitals

/// Patients whose forms are posted in turn, some of them wrong: the same for the same seed,
/// wherever and whenever it runs.
public struct Simulation: Sendable {
    /// What is made.
    public struct Settings: Equatable, Sendable {
        public var seed: UInt64
        public var patients: Int
        /// Posts, or notifications, a second, of all patients together.
        public var perSecond: Double
        /// Of a hundred posts so many are refused by a gateway.
        public var badPercent: Double
        /// Microseconds since 1970 of the first.
        public var startMicroseconds: Int64

        public init(
            seed: UInt64, patients: Int, perSecond: Double, badPercent: Double,
            startMicroseconds: Int64
        ) {
            precondition(patients > 0, "a simulation has a patient")
            precondition(perSecond > 0, "a simulation goes on")
            precondition(badPercent >= 0 && badPercent <= 100, "a share is 0 to 100 %")
            self.seed = seed
            self.patients = patients
            self.perSecond = perSecond
            self.badPercent = badPercent
            self.startMicroseconds = startMicroseconds
        }
    }

    public let settings: Settings
    private var random: RandomSource
    /// What is wrong is drawn apart, so that good posts are the same with and without bad ones.
    private var misfortune: RandomSource
    private var patients: [SimulatedPatient]
    /// Posts so far.
    public private(set) var count = 0
    /// Those of them that a gateway refuses.
    public private(set) var badCount = 0

    public init(_ settings: Settings) {
        self.settings = settings
        var random = RandomSource(seed: settings.seed)
        misfortune = RandomSource(seed: random.next())
        patients = []
        for _ in 0..<settings.patients { patients.append(SimulatedPatient(random: &random)) }
        self.random = random
    }

    /// Nanoseconds from the start to the next one.
    public var nextNanoseconds: Int64 { Int64(Double(count) / settings.perSecond * 1e9) }

    /// Appends the next form as a line of JSON.
    public mutating func appendPost(to buffer: inout FixedBuffer) {
        let place = advance()
        var form = SimulatedForm(number: place)
        form.microseconds = settings.startMicroseconds + nextNanoseconds / 1_000
        for quantity in PatientQuantity.allCases {
            form.units[Int(quantity.rawValue)] = patients[place].units(
                of: quantity, random: &random)
        }
        if SimulatedPatient.draw(0...100, &misfortune) < settings.badPercent {
            badCount += 1
            form.spoil(random: &misfortune)
        }
        buffer.append(form)
        count += 1
    }

    /// Appends the next notification of a strap as a line of hexadecimal, as `pulsegate run` reads
    /// them.
    public mutating func appendNotification(to buffer: inout FixedBuffer) {
        let place = advance()
        var notification = FixedBuffer(capacity: 32)
        patients[place].notification(random: &random).encode(into: &notification)
        buffer.append(hex: notification.bytes)
        buffer.append("\n")
        count += 1
    }

    /// The patient whose turn it is, as the time of its turn finds it.
    private mutating func advance() -> Int {
        let place = count % settings.patients
        patients[place].pass(
            Double(settings.patients) / settings.perSecond, random: &random)
        return place
    }
}
