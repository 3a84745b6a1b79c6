import Bytes
import Vitals

/// The fields of a record that its form needs, and the ranges of all numbers that have one.
struct RecordFields {
    /// Fields that are told apart.
    enum Name: Int {
        case timestamp, device, session, sequence, patient, time
        case heartRate, systolic, diastolic
        // Fields that have a range, and that nothing else is asked of.
        case glucose, oxygen, temperature, respiration
        case mean, oxygenFast, oxygenSlow, pulse, pulseFast, pulseSlow, amplitude
    }

    /// The value of a field: a string's place between its quotes, or a number's.
    private enum Value {
        case string(Range<Int>)
        case number(Range<Int>)
        case other
    }

    private struct Known {
        let name: Name
        let text: StaticString
        /// What a living person can have, in the unit of the field (`VitalQuantity.plausible`).
        var range: ClosedRange<Double>?

        init(name: Name, text: StaticString, range: ClosedRange<Double>? = nil) {
            self.name = name
            self.text = text
            self.range = range
        }

        /// A number of the posted form: its name and range are those by which a gateway judges it.
        init(name: Name, _ quantity: PatientQuantity) {
            self.name = name
            text = quantity.name
            let plausible = quantity.plausible
            range = Double(plausible.lowerBound)...Double(plausible.upperBound)
        }
    }

    private static let known: [Known] = [
        Known(name: .timestamp, text: "timestamp"),
        Known(name: .device, text: "device_id"),
        Known(name: .session, text: "session_id"),
        Known(name: .sequence, text: "seq"),
        Known(name: .patient, text: "patient"),
        Known(name: .time, text: "time"),
        Known(name: .heartRate, .heartRate),
        Known(name: .systolic, .bloodPressureSystolic),
        Known(name: .diastolic, .bloodPressureDiastolic),
        Known(name: .glucose, .glucoseLevel),
        Known(name: .oxygen, .oxygenSaturation),
        Known(name: .temperature, .bodyTemperature),
        Known(name: .respiration, .respiratoryRate),
        Known(name: .mean, text: "blood_pressure_mean", range: 10...300),
        Known(name: .oxygenFast, text: "oxygen_saturation_fast", range: 0...1),
        Known(name: .oxygenSlow, text: "oxygen_saturation_slow", range: 0...1),
        Known(name: .pulse, text: "pulse_rate", range: 1...300),
        Known(name: .pulseFast, text: "pulse_rate_fast", range: 1...300),
        Known(name: .pulseSlow, text: "pulse_rate_slow", range: 1...300),
        Known(name: .amplitude, text: "pulse_amplitude_index", range: 0...100),
    ]

    private var values = InlineArray<20, Value?>(repeating: nil)

    func has(_ name: Name) -> Bool { values[name.rawValue] != nil }

    private static func text(of name: Name) -> String { "\(known[name.rawValue].text)" }

    /// Reads the one object that `bytes` are.
    mutating func read(_ bytes: Span<UInt8>, reserved: StaticString) throws(RecordError) {
        var scanner = JSONScanner(bytes)
        guard try Self.next(&scanner) == .beginObject else { throw .notAnObject }
        while case .key(let key) = try Self.next(&scanner) {
            let name = bytes.extracting(key)
            guard !name.isEqual(to: reserved) else { throw .reserved("\(reserved)") }
            let token = try Self.next(&scanner)
            guard let known = Self.known(name) else {
                try Self.pass(token, &scanner, bytes, field: key)
                continue
            }
            guard !has(known.name) else { throw .repeated("\(known.text)") }
            switch token {
            case .string(let range): values[known.name.rawValue] = .string(range)
            case .number(let range):
                values[known.name.rawValue] = .number(range)
                try Self.check(bytes.extracting(range), known)
            default:
                values[known.name.rawValue] = .other
                try Self.pass(token, &scanner, bytes, field: key)
            }
            if known.range != nil, case .number = token { continue }
            if known.range != nil { throw .wrongType("\(known.text)") }
        }
        _ = try Self.next(&scanner)
    }

    private static func known(_ name: Span<UInt8>) -> Known? {
        for field in known where name.isEqual(to: field.text) { return field }
        return nil
    }

    private static func next(_ scanner: inout JSONScanner) throws(RecordError) -> JSONToken {
        do throws(JSONError) {
            return try scanner.next()
        } catch {
            throw .notJSON(offset: error.offset)
        }
    }

    /// Passes over the value that `first` begins. All its numbers have to be finite: JSON's grammar
    /// has 1e999, and no index has.
    private static func pass(
        _ first: JSONToken, _ scanner: inout JSONScanner, _ bytes: Span<UInt8>, field: Range<Int>
    ) throws(RecordError) {
        var token = first
        var depth = 0
        while true {
            switch token {
            case .beginObject, .beginArray: depth += 1
            case .endObject, .endArray: depth -= 1
            case .number(let range):
                guard double(bytes.extracting(range)) != nil else {
                    throw .outOfRange(String(decoding: bytes.extracting(field)))
                }
            case .key, .string, .boolean, .null, .end: break
            }
            if depth == 0 { return }
            token = try next(&scanner)
        }
    }

    private static func check(_ number: Span<UInt8>, _ known: Known) throws(RecordError) {
        guard let value = double(number), known.range?.contains(value) ?? true else {
            throw .outOfRange("\(known.text)")
        }
    }

    /// The value of a number of JSON's grammar; nil when it is not finite.
    private static func double(_ number: Span<UInt8>) -> Double? {
        // Most numbers are short and whole.
        if number.count < 16, let whole = number.parseDecimal() { return Double(whole) }
        guard let value = Double(String(decoding: number)), value.isFinite else { return nil }
        return value
    }

    func string(_ name: Name) throws(RecordError) -> Range<Int> {
        switch values[name.rawValue] {
        case .string(let range) where !range.isEmpty: return range
        case nil: throw .missing(Self.text(of: name))
        default: throw .wrongType(Self.text(of: name))
        }
    }

    private func number(_ name: Name) throws(RecordError) -> Range<Int> {
        switch values[name.rawValue] {
        case .number(let range): return range
        case nil: throw .missing(Self.text(of: name))
        default: throw .wrongType(Self.text(of: name))
        }
    }

    func gatewayForm(_ bytes: Span<UInt8>) throws(RecordError) -> RelayRecord.Form {
        _ = try string(.timestamp)
        let device = try string(.device)
        let session = try string(.session)
        // With a colon in it, two records could have one id.
        for index in session where bytes[index] == UInt8(ascii: ":") {
            throw .wrongType("session_id")
        }
        let sequence = try number(.sequence)
        guard let value = bytes.extracting(sequence).parseDecimal() else {
            throw .wrongType("seq")
        }
        // The index keeps it as a signed number of 64 bits.
        guard value <= UInt64(Int64.max) else { throw .outOfRange("seq") }
        return .gateway(device: device, session: session, sequence: sequence)
    }

    /// Sensors and the index have whole beats per minute.
    func wholeHeartRate(_ bytes: Span<UInt8>) throws(RecordError) -> UInt16? {
        guard has(.heartRate) else { return nil }
        guard let value = bytes.extracting(try number(.heartRate)).parseDecimal() else {
            throw .wrongType("heart_rate")
        }
        return UInt16(clamping: value)
    }

    func patientForm(_ bytes: Span<UInt8>) throws(RecordError) -> RelayRecord.Form {
        _ = try string(.patient)
        _ = try string(.time)
        for name in [Name.glucose, .oxygen, .temperature, .respiration, .heartRate] {
            _ = try number(name)
        }
        let systolic = Self.double(bytes.extracting(try number(.systolic))) ?? 0
        let diastolic = Self.double(bytes.extracting(try number(.diastolic))) ?? 0
        guard diastolic < systolic else { throw .pressuresSwapped }
        guard has(.device) else { return .patientStats }
        guard case .gateway(let device, let session, let sequence) = try gatewayForm(bytes) else {
            preconditionFailure("this form is that of gateways")
        }
        return .recordedStats(device: device, session: session, sequence: sequence)
    }
}
