import Diagnostics
import Testing

/// Archives, read by another's program.
@Suite struct TarWriterTests {
    @Test func archiveIsBlocksWithTwoOfZerosAtItsEnd() {
        var tar = TarWriter()
        tar.add("empty", [], seconds: 0)
        tar.add("full", Array(repeating: 7, count: 512), seconds: 0)
        tar.add("more", Array(repeating: 7, count: 513), seconds: 0)
        let bytes = tar.finish()
        #expect(bytes.count == 512 * (1 + 2 + 3 + 2))
        #expect(bytes.suffix(1_024).allSatisfy { $0 == 0 })
    }

    @Test func headerSaysWhatTheStandardSays() {
        var tar = TarWriter()
        tar.add("status.txt", Array("hello\n".utf8), seconds: 0o1234567)
        let bytes = tar.finish()
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        #expect(text(0..<11) == "status.txt\0")
        #expect(text(100..<108) == "0000640\0")
        #expect(text(124..<136) == "00000000006\0")
        #expect(text(136..<148) == "00001234567\0")
        #expect(text(257..<265) == "ustar\u{0}00")
        var header = Array(bytes[..<512])
        header.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = header.reduce(0) { $0 + Int($1) }
        let octal = String(sum, radix: 8)
        let zeros = String(repeating: "0", count: 6 - octal.count)
        #expect(text(148..<156) == "\(zeros)\(octal)\0 ")
        #expect(text(512..<518) == "hello\n")
    }
}
