internal import Bytes
internal import SensorLink

/// What an object of BlueZ is, by its path:
///
///     /org/bluez/hci0/dev_C0_00_00_00_00_01/service0010/char0011
enum ObjectPath: Equatable {
    case adapter(UInt8)
    case device(UInt8, BluetoothAddress)
    case characteristic(UInt8, CharacteristicID)
    /// A service, a descriptor, a media player, or nothing that is known here.
    case other

    static let prefix: StaticString = "/org/bluez/hci"
    /// The length of the longest path that is known here, and a NUL.
    static let byteCountMax = 64

    init(_ text: Span<UInt8>) {
        self = .other
        var rest = PathReader(text: text)
        guard rest.skip(Self.prefix), let adapter = rest.adapter() else { return }
        if rest.isAtEnd {
            self = .adapter(adapter)
            return
        }
        guard rest.skip("/dev_"), let device = rest.address() else { return }
        if rest.isAtEnd {
            self = .device(adapter, device)
            return
        }
        guard rest.skip("/service"), let service = rest.handle(), rest.skip("/char"),
            let handle = rest.handle(), rest.isAtEnd
        else { return }
        self = .characteristic(
            adapter, CharacteristicID(device: device, service: service, handle: handle))
    }

    /// Appends the path; nothing for `.other`.
    func append(to buffer: inout FixedBuffer) {
        switch self {
        case .adapter(let adapter):
            buffer.append(Self.prefix)
            buffer.append(text: String(adapter))
        case .device(let adapter, let address):
            ObjectPath.adapter(adapter).append(to: &buffer)
            buffer.append("/dev_")
            address.append(to: &buffer, separator: UInt8(ascii: "_"))
        case .characteristic(let adapter, let id):
            ObjectPath.device(adapter, id.device).append(to: &buffer)
            buffer.append("/service")
            Self.append(id.service, to: &buffer)
            buffer.append("/char")
            Self.append(id.handle, to: &buffer)
        case .other: break
        }
    }

    /// Four hexadecimal digits in lower case, as BlueZ writes handles.
    private static func append(_ handle: UInt16, to buffer: inout FixedBuffer) {
        for place in (0..<4).reversed() {
            let digit = UInt8(truncatingIfNeeded: handle >> UInt16(4 * place)) & 15
            buffer.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
        }
    }
}

/// Reads a path from left to right; what does not fit leaves it where it is.
private struct PathReader: ~Escapable {
    private let text: Span<UInt8>
    private var place = 0

    @_lifetime(copy text)
    init(text: Span<UInt8>) { self.text = text }

    var isAtEnd: Bool { place == text.count }

    @_lifetime(self: copy self)
    mutating func skip(_ word: StaticString) -> Bool {
        let end = place + word.utf8CodeUnitCount
        guard end <= text.count, text.extracting(place..<end).equals(word) else { return false }
        place = end
        return true
    }

    /// A number from 0 to 255 in digits.
    @_lifetime(self: copy self)
    mutating func adapter() -> UInt8? {
        var number: UInt8?
        while place < text.count, case 0x30...0x39 = text[place] {
            let (tens, isTooMuch) = (number ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, isMore) = tens.addingReportingOverflow(text[place] - 0x30)
            if isTooMuch || isMore { return nil }
            number = sum
            place += 1
        }
        return number
    }

    @_lifetime(self: copy self)
    mutating func address() -> BluetoothAddress? {
        let end = place + 17
        guard end <= text.count else { return nil }
        defer { place = end }
        return BluetoothAddress(text.extracting(place..<end), separator: UInt8(ascii: "_"))
    }

    /// Four hexadecimal digits.
    @_lifetime(self: copy self)
    mutating func handle() -> UInt16? {
        guard place + 4 <= text.count else { return nil }
        var number: UInt16 = 0
        for index in place..<place + 4 {
            switch text[index] {
            case let digit where digit >= 0x30 && digit <= 0x39:
                number = number << 4 | UInt16(digit - 0x30)
            case let digit where digit >= 0x61 && digit <= 0x66:
                number = number << 4 | UInt16(digit - 0x61 + 10)
            default: return nil
            }
        }
        place += 4
        return number
    }
}

extension Span<UInt8> {
    /// The bytes are those of `word`.
    func equals(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let start = unsafe word.utf8Start
        for index in indices where unsafe self[index] != start[index] { return false }
        return true
    }
}
