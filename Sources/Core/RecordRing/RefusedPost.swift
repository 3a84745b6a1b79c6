import Bytes

/// Where a request was posted to.
public enum PostPath: UInt8, BitwiseCopyable, Equatable, Sendable {
    case patientStats = 0
    case errorMessage = 1

    public var text: StaticString {
        switch self {
        case .patientStats: "/patient_stats"
        case .errorMessage: "/error_message"
        }
    }
}

/// What is wrong with a post. The raw value is its number on disk.
public enum PostProblem: UInt8, BitwiseCopyable, Equatable, Sendable {
    case notUTF8 = 1
    /// Not one JSON text (RFC 8259).
    case notJSON = 2
    case notAnObject = 3
    case missing = 4
    /// A field is there twice, and nobody says which one counts.
    case repeated = 5
    case unknownField = 6
    /// Of another type than the form says.
    case wrongType = 7
    /// A number that no such value has.
    case outOfRange = 8
    /// No instant with a date that exists, or one before 1970.
    case notATime = 9
    case tooLong = 10
    /// A text that has to say something says nothing.
    case empty = 11
    /// A name with a control character, or half a character.
    case notAName = 12
    /// The diastolic pressure is not below the systolic.
    case pressuresSwapped = 13
}

/// A field of the forms that are posted. The raw value is its number on disk.
public enum PostField: UInt8, BitwiseCopyable, CaseIterable, Equatable, Sendable {
    /// The post as a whole, or a field that no form has.
    case none = 0
    case patient = 1
    case time = 2
    case glucoseLevel = 3
    case oxygenSaturation = 4
    case bodyTemperature = 5
    case respiratoryRate = 6
    case heartRate = 7
    case bloodPressureSystolic = 8
    case bloodPressureDiastolic = 9
    case statusCode = 10
    case payload = 11
    case errorMessage = 12
}

/// A post that was refused for good, and what there was of it. The record has the time at which it
/// came, and the beginning of the patient's name where one was read.
///
/// ```
/// payload of kind 11
///  76   2  status, in the words of HTTP
///  78   1  what is wrong, as `PostProblem` numbers it
///  79   1  the field that it is about, as `PostField` numbers it
///  80   1  bits 0 to 3: the path, as `PostPath` numbers it; bit 4: the bytes are the form, as
///          `KeptForm` draws it; without it they are the first ones of the post
///  81   2  number of bytes of the post, 65,535 for more
///  83   1  number of bytes that are kept, 0 to 44
///  84  44  the bytes, zeros behind them
/// ```
public struct RefusedPost: Equatable, Sendable {
    static let kind: UInt8 = 11
    /// Bytes that are kept at most.
    public static let room = 44
    private static let formBit: UInt8 = 0x10

    public private(set) var status: UInt16
    public private(set) var problem: PostProblem
    public private(set) var field: PostField
    public private(set) var path: PostPath
    /// The bytes are a `KeptForm`: nothing of the post is missing.
    public private(set) var isForm: Bool
    /// Bytes of the post.
    public private(set) var byteCount: Int
    private var kept = InlineArray<44, UInt8>(repeating: 0)
    private var keptCount: Int

    /// A post of which the first bytes are kept. Where they are text, they are whole characters.
    public init(
        _ post: Span<UInt8>, to path: PostPath, status: UInt16, problem: PostProblem,
        field: PostField
    ) {
        self.status = status
        self.problem = problem
        self.field = field
        self.path = path
        isForm = false
        byteCount = min(post.count, Int(UInt16.max))
        keptCount = min(post.count, Self.room)
        if problem != .notUTF8 {
            while keptCount < post.count, keptCount > 0, post[keptCount] & 0xC0 == 0x80 {
                keptCount -= 1
            }
        }
        for index in 0..<keptCount { kept[index] = post[index] }
    }

    /// A post that is kept whole.
    public init(
        _ form: KeptForm, bytes: Int, status: UInt16, problem: PostProblem,
        field: PostField
    ) {
        self.status = status
        self.problem = problem
        self.field = field
        path = .patientStats
        isForm = true
        byteCount = min(bytes, Int(UInt16.max))
        let encoded = form.bytes
        keptCount = encoded.count
        for index in 0..<keptCount { kept[index] = encoded[index] }
    }

    /// The bytes that are kept of the post.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { kept.span.extracting(0..<keptCount) }
    }

    /// The bytes are text in UTF-8.
    public var isText: Bool { bytes.isUTF8 }

    /// Not all of the post is here.
    public var isCut: Bool { !isForm && byteCount > keptCount }

    public static func == (one: RefusedPost, other: RefusedPost) -> Bool {
        one.status == other.status && one.problem == other.problem && one.field == other.field
            && one.path == other.path && one.isForm == other.isForm
            && one.byteCount == other.byteCount && one.bytes.isEqual(to: other.bytes)
    }
}

extension RefusedPost {
    @_lifetime(slot: copy slot)
    func encode(into slot: inout MutableSpan<UInt8>) {
        slot.store(status, at: 76)
        slot[78] = problem.rawValue
        slot[79] = field.rawValue
        slot[80] = path.rawValue | (isForm ? Self.formBit : 0)
        slot.store(UInt16(byteCount), at: 81)
        slot[83] = UInt8(keptCount)
        for index in 0..<keptCount { slot[84 + index] = kept[index] }
    }

    init(decoding slot: Span<UInt8>) throws(RecordError) {
        guard let problem = PostProblem(rawValue: slot[78]),
            let field = PostField(rawValue: slot[79]),
            let path = PostPath(rawValue: slot[80] & ~Self.formBit),
            slot[83] <= Self.room
        else { throw .field(.post) }
        status = slot.loadUInt16(at: 76)
        self.problem = problem
        self.field = field
        self.path = path
        isForm = slot[80] & Self.formBit != 0
        byteCount = Int(slot.loadUInt16(at: 81))
        keptCount = Int(slot[83])
        for index in 0..<keptCount { kept[index] = slot[84 + index] }
        if isForm {
            guard path == .patientStats, KeptForm.isWhole(bytes) else { throw .field(.post) }
        } else {
            guard keptCount <= byteCount else { throw .field(.post) }
        }
    }
}
