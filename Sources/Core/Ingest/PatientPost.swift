import Bytes
public import RecordRing
import Time
import Vitals
import WireFormat

/// A posted `patient_stats` form, judged: what becomes of it in the ring.
public enum PatientPost {
    /// A form that is recorded.
    public struct Accepted: Equatable, Sendable {
        public let name: PatientName
        /// Microseconds since 1970.
        public let timeMicroseconds: Int64
        fileprivate var units = InlineArray<7, Int64>(repeating: 0)

        /// The record's payload, with the key under which it came.
        public func payload(keyHash: UInt64) -> PatientStats {
            PatientStats(of: name, timeMicroseconds: timeMicroseconds, keyHash: keyHash) {
                units[Int($0.rawValue)]
            }
        }

        public static func == (one: Accepted, other: Accepted) -> Bool {
            one.name == other.name && one.payload(keyHash: 0) == other.payload(keyHash: 0)
        }
    }

    /// Beyond it a year has five digits.
    private static let timeEnd: Int64 = 253_402_300_800_000_000

    /// Judges one form.
    public static func judge(_ post: Span<UInt8>) -> Result<Accepted, PostRefused> {
        let fields: PostFields
        do throws(PostRefusal.Thrown) {
            fields = try PostFields.read(post, of: .patientStats)
        } catch {
            return .failure(PostRefused(error.refusal, cutting: post, to: .patientStats))
        }
        do throws(PostRefusal.Thrown) {
            return .success(try accept(fields, post))
        } catch {
            return .failure(refused(error.refusal, fields, post))
        }
    }

    private static func accept(
        _ fields: PostFields, _ post: Span<UInt8>
    ) throws(PostRefusal.Thrown) -> Accepted {
        try checkNames(fields)
        var accepted = Accepted(
            name: try name(fields, post), timeMicroseconds: try time(fields, post))
        for quantity in PatientQuantity.allCases {
            let field = PostField(quantity)
            guard let found = fields[field] else { throw .init(PostRefusal(.missing, field)) }
            guard case .number(let range) = found.value else {
                throw .init(PostRefusal(.wrongType, field, value: found.place))
            }
            let number = DecimalNumber(
                post.extracting(range), decimals: PatientQuantity.decimals)
            guard let number, number.isWithin(quantity.plausibleUnits) else {
                throw .init(PostRefusal(.outOfRange, field, value: found.place))
            }
            accepted.units[Int(quantity.rawValue)] = number.rounded
        }
        let systolic = accepted.units[Int(PatientQuantity.bloodPressureSystolic.rawValue)]
        let diastolic = accepted.units[Int(PatientQuantity.bloodPressureDiastolic.rawValue)]
        guard diastolic < systolic else {
            throw .init(
                PostRefusal(
                    .pressuresSwapped, .bloodPressureDiastolic,
                    value: fields[.bloodPressureDiastolic]?.place))
        }
        return accepted
    }

    /// Every field is there once and known.
    static func checkNames(_ fields: PostFields) throws(PostRefusal.Thrown) {
        if let repeated = fields.repeated {
            throw .init(PostRefusal(.repeated, repeated.field, value: repeated.place))
        }
        if let unknown = fields.unknown {
            throw .init(PostRefusal(.unknownField, key: unknown.key, value: unknown.place))
        }
    }

    private static func name(
        _ fields: PostFields, _ post: Span<UInt8>
    ) throws(PostRefusal.Thrown) -> PatientName {
        guard let found = fields[.patient] else { throw .init(PostRefusal(.missing, .patient)) }
        guard case .string(let range) = found.value else {
            throw .init(PostRefusal(.wrongType, .patient, value: found.place))
        }
        guard !range.isEmpty else {
            throw .init(PostRefusal(.empty, .patient, value: found.place))
        }
        guard let text = String(jsonString: post.extracting(range)) else {
            throw .init(PostRefusal(.notAName, .patient, value: found.place))
        }
        let bytes = Array(text.utf8)
        guard bytes.count <= PatientName.limit else {
            throw .init(PostRefusal(.tooLong, .patient, value: found.place))
        }
        guard let name = PatientName(bytes.span) else {
            throw .init(PostRefusal(.notAName, .patient, value: found.place))
        }
        return name
    }

    private static func time(
        _ fields: PostFields, _ post: Span<UInt8>
    ) throws(PostRefusal.Thrown) -> Int64 {
        guard let found = fields[.time] else { throw .init(PostRefusal(.missing, .time)) }
        guard case .string(let range) = found.value else {
            throw .init(PostRefusal(.wrongType, .time, value: found.place))
        }
        guard let text = String(jsonString: post.extracting(range)) else {
            throw .init(PostRefusal(.notATime, .time, value: found.place))
        }
        let bytes = Array(text.utf8)
        guard isInternetTime(bytes.span), let time = TimeReader.instant(zoned: text), time >= 0,
            time < timeEnd
        else { throw .init(PostRefusal(.notATime, .time, value: found.place)) }
        return time
    }

    /// Of what is read as a time, what RFC 3339 section 5.6 draws: seconds, at most nine digits
    /// behind them, `Z` or an offset with a colon.
    private static func isInternetTime(_ text: Span<UInt8>) -> Bool {
        guard text.count >= 20, text[16] == UInt8(ascii: ":") else { return false }
        var end = text.count - 1
        if text[end] != UInt8(ascii: "Z") {
            end = text.count - 6
            guard text[end + 3] == UInt8(ascii: ":") else { return false }
        }
        let hasFraction = text[19] == UInt8(ascii: ".")
        return hasFraction ? (21...29).contains(end) : end == 19
    }
}

// MARK: - What is refused

extension PatientPost {
    private static func refused(
        _ refusal: PostRefusal, _ fields: PostFields, _ post: Span<UInt8>
    ) -> PostRefused {
        guard fields.isFlat else {
            return PostRefused(refusal, cutting: post, to: .patientStats)
        }
        var form = KeptForm()
        var head = SensorName()
        for number in 1...UInt8(KeptForm.fieldCount) {
            guard let field = PostField(rawValue: number), let found = fields[field] else {
                continue
            }
            append(found, field, isRefused: field == refusal.field, fields, post, &form, &head)
        }
        guard !form.overflowed else {
            return PostRefused(refusal, cutting: post, to: .patientStats)
        }
        return PostRefused(
            refusal,
            RefusedPost(
                form, bytes: post.count, status: refusal.status, problem: refusal.problem,
                field: refusal.field), head)
    }

    private static func append(
        _ found: PostFields.Found, _ field: PostField, isRefused: Bool, _ fields: PostFields,
        _ post: Span<UInt8>, _ form: inout KeptForm, _ head: inout SensorName
    ) {
        if found.value == .null { return form.appendNull(field) }
        do throws(PostRefusal.Thrown) {
            switch (field, found.value) {
            case (.patient, .string):
                let name = try name(fields, post)
                head = name.head
                return form.append(patient: name)
            case (.time, .string): return form.append(timeMicroseconds: try time(fields, post))
            case (.patient, _), (.time, _): break
            case (_, .number(let range)):
                let number = DecimalNumber(
                    post.extracting(range), decimals: PatientQuantity.decimals)
                // What is refused for its last digits keeps them.
                guard let number, number.isExact || !isRefused else { break }
                return form.append(field, units: number.rounded)
            default: break
            }
        } catch {
            // It is kept as it stands there.
        }
        form.append(field, other: post.extracting(found.place))
    }
}

extension PostField {
    init(_ quantity: PatientQuantity) {
        switch quantity {
        case .glucoseLevel: self = .glucoseLevel
        case .oxygenSaturation: self = .oxygenSaturation
        case .bodyTemperature: self = .bodyTemperature
        case .respiratoryRate: self = .respiratoryRate
        case .heartRate: self = .heartRate
        case .bloodPressureSystolic: self = .bloodPressureSystolic
        case .bloodPressureDiastolic: self = .bloodPressureDiastolic
        }
    }
}

/// A post that is refused: what the sender is told, and what is recorded of it.
public struct PostRefused: Error, Equatable, Sendable {
    public let refusal: PostRefusal
    public let payload: RefusedPost
    /// The record's name.
    public let head: SensorName

    init(_ refusal: PostRefusal, _ payload: RefusedPost, _ head: SensorName = SensorName()) {
        self.refusal = refusal
        self.payload = payload
        self.head = head
    }

    /// Of which the first bytes are kept.
    init(_ refusal: PostRefusal, cutting post: Span<UInt8>, to path: PostPath) {
        self.init(
            refusal,
            RefusedPost(
                post, to: path, status: refusal.status, problem: refusal.problem,
                field: refusal.field))
    }
}
