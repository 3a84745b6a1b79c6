import Bytes
internal import CInih

extension SettingsDocument {
    /// Entries that a file may have.
    public static let entryLimit = 1_000
    /// Problems that are collected before the rest of a file is given up.
    public static let problemLimit = 100

    /// Reads `bytes` as INI in libinih's dialect, and collects what is wrong with them.
    ///
    /// `key = value` or `key: value`; `;` begins a comment at the start of a line or behind a
    /// blank, `#` at the start of a line only; a byte order mark of UTF-8 is skipped. Unlike bare
    /// libinih, indentation has no meaning: an indented line is not the continuation of a value,
    /// so that indented keys are keys.
    public static func parse(_ bytes: [UInt8], file: String) -> SettingsDocument {
        var state = LineFeed(bytes: bytes, file: file)
        unsafe withUnsafeMutablePointer(to: &state) { pointer in
            // The result is the number of the first faulty line; the feed has them all.
            _ = unsafe ini_parse_stream(readLine, pointer, takeEntry, pointer)
        }
        state.closeLine()
        return state.document
    }
}

/// The fgets of libinih: puts the next line into `target`; NULL at the end.
private func readLine(
    _ target: UnsafeMutablePointer<CChar>?, _ length: CInt, _ stream: UnsafeMutableRawPointer?
) -> UnsafeMutablePointer<CChar>? {
    guard let target = unsafe target, let stream = unsafe stream, length > 2 else { return nil }
    let feed = unsafe stream.assumingMemoryBound(to: LineFeed.self)
    // libinih takes a line whole when it ends in a line feed and fits with its NUL.
    guard let line = unsafe feed.pointee.nextLine(limit: Int(length) - 2) else { return nil }
    precondition(line.count <= Int(length) - 2, "a line fits the buffer of the parser")
    var count = 0
    for byte in line {
        unsafe target[count] = CChar(bitPattern: byte)
        count += 1
    }
    unsafe target[count] = CChar(bitPattern: UInt8(ascii: "\n"))
    unsafe target[count + 1] = 0
    return unsafe target
}

/// The handler of libinih: one `key = value`. It must answer nonzero; problems are ours to keep.
///
/// The section that libinih names is not used: it is cut at 49 bytes, and after a faulty heading
/// it is the one before.
private func takeEntry(
    _ user: UnsafeMutableRawPointer?, _ section: UnsafePointer<CChar>?,
    _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?
) -> CInt {
    guard let user = unsafe user, let name = unsafe name, let value = unsafe value else {
        return 1
    }
    let feed = unsafe user.assumingMemoryBound(to: LineFeed.self)
    unsafe feed.pointee.take(key: String(cString: name), value: String(cString: value))
    return 1
}

/// The lines of a file on their way to libinih, and what came back.
///
/// This build of libinih gives its handler no line number and reports only the first faulty
/// line. So the reader counts the lines, keeps back those that libinih would cut or misread, and
/// sees that a line which should have become an entry did not.
private struct LineFeed {
    private let bytes: [UInt8]
    private var position: Int
    private var lineNumber = 0
    private var lineText = ""
    /// The line that libinih has now must become an entry.
    private var awaitsEntry = false
    /// nil after a faulty heading: its keys belong nowhere, and one problem is enough.
    private var section: String? = ""
    /// The line of every key so far.
    private var lineOfKey: [[String]: Int] = [:]
    var document: SettingsDocument

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        document = SettingsDocument(file: file)
    }

    /// The next line without its end and indentation, or an empty one when libinih must not
    /// see it; nil at the end of the file.
    mutating func nextLine(limit: Int) -> ArraySlice<UInt8>? {
        closeLine()
        guard position < bytes.count, hasRoom() else { return nil }
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let line = trimmed(bytes[position..<end])
        position = end + 1
        lineNumber += 1
        lineText = ""
        guard let first = line.first else { return [] }
        guard let text = check(line, limit: limit) else { return [] }
        lineText = text
        switch first {
        case UInt8(ascii: ";"), UInt8(ascii: "#"): return []
        case UInt8(ascii: "["):
            openSection(line)
            return []
        default:
            awaitsEntry = true
            return line
        }
    }

    /// Judges the line that libinih had, once libinih wants the next one.
    mutating func closeLine() {
        if awaitsEntry { report(.noEntry) }
        awaitsEntry = false
    }

    /// Called by libinih while it has the line `lineNumber`.
    mutating func take(key: String, value: String) {
        awaitsEntry = false
        guard !key.isEmpty else { return report(.emptyKey) }
        guard !value.hasPrefix("#"), !value.contains(text: " #"),
            !value.contains(text: "\t#")
        else {
            return report(.hashBehindValue)
        }
        guard let section else { return }
        if let firstLine = lineOfKey[[section, key]] {
            return report(.duplicate(section: section, key: key, firstLine: firstLine))
        }
        lineOfKey[[section, key]] = lineNumber
        document.entries.append(
            SettingsEntry(
                section: section, key: key, value: value, file: document.file, line: lineNumber))
    }

    /// Whether another line may be read; says so when not.
    private mutating func hasRoom() -> Bool {
        let (entries, problems) = (document.entries.count, document.problems.count)
        guard problems < SettingsDocument.problemLimit else {
            report(.tooMany(limit: SettingsDocument.problemLimit))
            return false
        }
        // Headings are limited with the entries: a file of headings alone would grow as well.
        guard entries + document.headings.count < SettingsDocument.entryLimit else {
            report(.tooMany(limit: SettingsDocument.entryLimit))
            return false
        }
        return true
    }

    /// The line as text; nil, with a problem, when it is none or libinih would cut it.
    private mutating func check(_ line: ArraySlice<UInt8>, limit: Int) -> String? {
        if let control = line.first(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            report(.controlCharacter(control))
            return nil
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            report(.notUTF8)
            return nil
        }
        guard line.count <= limit else {
            report(.longLine(limit: limit))
            return nil
        }
        return text
    }

    /// Takes a line that begins with `[`; its title ends at the first `]`, behind which only a
    /// comment may follow.
    private mutating func openSection(_ line: ArraySlice<UInt8>) {
        section = nil
        guard let close = line.firstIndex(of: UInt8(ascii: "]")) else {
            return report(.badHeading)
        }
        let behind = trimmed(line[(close + 1)...]).first
        guard behind == nil || behind == UInt8(ascii: ";") || behind == UInt8(ascii: "#") else {
            return report(.badHeading)
        }
        let words = line[(line.startIndex + 1)..<close]
            .split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        let title = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        guard !title.isEmpty else { return report(.badHeading) }
        section = title
        document.headings.append(
            SettingsHeading(title: title, file: document.file, line: lineNumber))
    }

    private mutating func report(_ reason: SettingsProblem.Reason) {
        document.problems.append(
            SettingsProblem(
                file: document.file, line: lineNumber, reason: reason, text: lineText))
    }

    /// Without blanks and carriage returns at both ends.
    private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        guard let first = line.firstIndex(where: { !isBlank($0) }),
            let last = line.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return line[first...last]
    }
}
