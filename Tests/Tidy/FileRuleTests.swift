import Testing

/// Each rule on a sample that keeps it and one that breaks it.
struct FileRuleTests {
    typealias Rule = @Sendable (SourceFile) -> [Offence]

    private func lines(
        _ rule: Rule, _ text: String, path: String = "Sources/Core/Bytes/Sample.swift"
    ) -> [Int] {
        rule(SourceFile(path: path, text: text)).map(\.line)
    }

    @Test(arguments: [
        "import Glibc", "internal import Glibc", "public import Dispatch", "import Foundation",
        "@preconcurrency import FoundationEssentials", "private import Musl",
        "import Synchronization", "internal import CLinux", "import struct Foundation.Data",
        "@_implementationOnly import CCurl", "import func Glibc.read",
    ])
    func importOfTheWorldIsFoundInCore(_ text: String) {
        #expect(lines(FileRules.pureCore, "import Bytes\n\(text)\n") == [2])
        #expect(lines(FileRules.pureCore, text, path: "Sources/Edge/Linux/A.swift") == [])
    }

    @Test(arguments: [
        "import Bytes", "public import Credentials", "import CRC", "// import Glibc",
        "let text = \"import Glibc\"", "/* import Foundation */",
    ])
    func otherImportsAreFineInCore(_ text: String) {
        let isCModule = text == "import CRC"
        #expect(lines(FileRules.pureCore, text) == (isCModule ? [1] : []))
    }

    @Test func foundationIsFoundAnywhere() {
        let path = "Sources/pulsegate/main.swift"
        let text = "import Bytes\nimport Foundation\ninternal import FoundationNetworking"
        #expect(lines(FileRules.noFoundation, text, path: path) == [2, 3])
        #expect(lines(FileRules.noFoundation, "import Bytes // not Foundation") == [])
    }

    @Test(arguments: [
        "try! f()", "try? f()", "let a = b as! C", "fatalError()", "fatalError(\"x\")",
        "func f() throws -> any Error", "a!", "a!.b", "f()!", "a[0]!", "{ 1 }()!", "\"1\"!",
        "var a: Int!", "var a: [Int]!", "\"\\(a!)\"", "a?.b!", "return a!",
    ])
    func trapIsFound(_ text: String) {
        #expect(lines(FileRules.noTraps, "let x = 1\n\(text)\n") == [2])
    }

    @Test(arguments: [
        "try f()", "a as? B", "a as B", "a != b", "!a", "if !a { }", "return !a", "f(!a)",
        "(!a)", "[!a]", "// a! try!", "\"a! try! fatalError()\"", "a && !b", "throw Failure()",
        "preconditionFailure(\"x\")", "some Error", "any Sequence", "#if !os(Linux)", "a = !b",
    ])
    func ordinaryCodeIsNoTrap(_ text: String) {
        #expect(lines(FileRules.noTraps, text) == [])
    }

    @Test func printIsFoundInCoreOnly() {
        let text = "print(1)\ndebugPrint(a)\ndump(b)\nunsafe print(c)"
        #expect(lines(FileRules.silentCore, text) == [1, 2, 3, 4])
        #expect(lines(FileRules.silentCore, text, path: "Sources/pulsegate/main.swift") == [])
        let fine = "a.print(1)\nfunc print(_ a: Int) {}\n// print(1)\nlet print = 1\nprinted(1)"
        #expect(lines(FileRules.silentCore, fine) == [])
    }

    @Test func longLineIsFound() {
        let full = String(repeating: "a", count: 100)
        #expect(lines(FileRules.shortLines, "\(full)\n") == [])
        #expect(lines(FileRules.shortLines, "\n\(full)a\n") == [2])
        #expect(lines(FileRules.shortLines, String(repeating: "é", count: 100)) == [])
        #expect(lines(FileRules.shortLines, "\"\"\"\n\(full)a\n\"\"\"\n\(full)b") == [4])
        #expect(lines(FileRules.shortLines, "\(full)a", path: "Sources/Edge/CX/X.c") == [1])
    }

    @Test func longFileIsFound() {
        #expect(lines(FileRules.shortFiles, String(repeating: "\n", count: 500)) == [])
        #expect(lines(FileRules.shortFiles, String(repeating: "\n", count: 501)) == [501])
    }

    private func function(_ head: String, lines: Int) -> String {
        "\(head) {\n" + String(repeating: "    a()\n", count: lines - 2) + "}\n"
    }

    @Test(arguments: [
        "func f()", "public init?(_ a: Int)", "deinit", "subscript(a: Int) -> Int",
        "func f(a: () -> Void = { }) throws(E) -> [Int]", "init(a: [Int] = [])",
    ])
    func longFunctionIsFound(_ head: String) {
        #expect(lines(FileRules.shortFunctions, "\n" + function(head, lines: 70)) == [])
        #expect(lines(FileRules.shortFunctions, "\n" + function(head, lines: 71)) == [2])
    }

    @Test func longTypeIsNoLongFunction() {
        let type = function("struct A", lines: 200)
        #expect(lines(FileRules.shortFunctions, type) == [])
        let requirements =
            "protocol P {\n    func f()\n    init()\n}\n" + function("struct B", lines: 99)
        #expect(lines(FileRules.shortFunctions, requirements) == [])
        let nested =
            "struct A {\n" + function("func f()", lines: 60)
            + function("func g()", lines: 71) + "}"
        #expect(lines(FileRules.shortFunctions, nested) == [62])
    }

    @Test func callOfAnInitIsNoFunction() {
        let text = "let a = B.init(c)\n" + function("struct D", lines: 99)
        #expect(lines(FileRules.shortFunctions, text) == [])
    }

    @Test func noteToOurselvesIsFound() {
        let note = "TO" + "DO"
        let text = "let a = 1\n// \(note): later\nlet b = \"\(note)\"\n// FIX" + "ME\n//X" + "XX"
        #expect(lines(FileRules.noNotes, text) == [2, 3, 4, 5])
        #expect(lines(FileRules.noNotes, "// \(note)S and mkstemp(\"/tmp/aX" + "XXXXX\")") == [])
        #expect(lines(FileRules.noNotes, "/* \(note) */", path: "Sources/Edge/CX/X.h") == [1])
    }

    @Test(arguments: [
        "public struct A {}", "public final class A {}", "package enum A {}",
        "public indirect enum A {}", "public typealias A = B", "public protocol A {}",
        "@frozen public struct A {}", "// two slashes\npublic struct A {}",
        "/// Of another.\n\npublic struct A {}", "public actor A {}",
    ])
    func typeWithoutDocumentationIsFound(_ text: String) {
        #expect(lines(FileRules.documentedTypes, text).count == 1)
    }

    @Test(arguments: [
        "/// Is.\npublic struct A {}", "    /// Is.\n    @safe\n    public struct A {}",
        "struct A {}", "public func f() {}", "public class func f() {}", "public init() {}",
        "public extension A {}", "/// Is.\n@frozen public struct A {}", "private enum A {}",
    ])
    func documentedAndInnerTypesAreFine(_ text: String) {
        #expect(lines(FileRules.documentedTypes, text) == [])
    }
}
