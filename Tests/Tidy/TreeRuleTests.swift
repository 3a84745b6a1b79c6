import Testing

/// The rules about several files, on small trees.
struct TreeRuleTests {
    private func files(_ texts: [String: String]) -> [SourceFile] {
        texts.sorted { $0.key < $1.key }.map { SourceFile(path: $0.key, text: $0.value) }
    }

    /// Two Core rooms, two edges with their C modules, an executable.
    private static let tree = [
        "Sources/Core/Bytes/Hex.swift": "struct Hex {}",
        "Sources/Core/Time/Date.swift": "public import Bytes",
        "Sources/Edge/CLinux/CLinux.c": "int a;",
        "Sources/Edge/CLinux/include/CLinux.h": "int a;",
        "Sources/Edge/Linux/File.swift": "internal import CLinux\nimport Bytes",
        "Sources/Edge/CCurl/CCurl.c": "int b;",
        "Sources/Edge/HTTPS/Client.swift": "import Linux\ninternal import CCurl\nimport Glibc",
        "Sources/pulsegate/main.swift": "import HTTPS\nimport Linux\nimport Time",
    ]

    private func arrows(_ path: String, _ text: String) -> [String] {
        let changed = Self.tree.merging([path: text]) { $1 }
        return TreeRules.arrows(files(changed)).map(\.description)
    }

    @Test func treeOfSamplesKeepsTheRules() {
        let tree = files(Self.tree)
        #expect(TreeRules.arrows(tree) == [])
        #expect(TreeRules.oneOwner(tree) == [])
    }

    @Test func coreThatImportsAnEdgeIsFound() {
        let path = "Sources/Core/Time/Date.swift"
        #expect(arrows(path, "\nimport Linux") == ["\(path):2: Core Time imports Edge Linux"])
    }

    @Test func edgeThatImportsAnotherIsFound() {
        let path = "Sources/Edge/Linux/File.swift"
        #expect(arrows(path, "import HTTPS") == ["\(path):1: Edge Linux imports Edge HTTPS"])
    }

    @Test func importOfAnExecutableIsFound() {
        let what = "imports executable pulsegate"
        for (path, place) in [
            ("Sources/Core/Time/Date.swift", "Core Time"),
            ("Sources/Edge/HTTPS/Client.swift", "Edge HTTPS"),
            ("Sources/relay/main.swift", "executable relay"),
        ] {
            #expect(arrows(path, "import pulsegate") == ["\(path):1: \(place) \(what)"])
        }
    }

    private func owners(_ path: String, _ text: String) -> [String] {
        let changed = Self.tree.merging([path: text]) { $1 }
        return TreeRules.oneOwner(files(changed)).map(\.description)
    }

    @Test func secondOwnerOfACModuleIsFound() {
        let path = "Sources/pulsegate/main.swift"
        #expect(
            owners(path, "import Time\nimport CLinux") == [
                "Sources/Edge/Linux/File.swift:1: Linux imports CLinux",
                "Sources/pulsegate/main.swift:2: pulsegate imports CLinux",
            ])
    }

    @Test func cModuleOfTwoFilesOfOneRoomHasOneOwner() {
        #expect(owners("Sources/Edge/Linux/Timer.swift", "internal import CLinux") == [])
    }

    @Test func cModuleThatNobodyImportsIsFound() {
        #expect(
            owners("Sources/Edge/HTTPS/Client.swift", "import Linux") == [
                "Sources/Edge/CCurl:1: nobody imports CCurl"
            ])
    }

    private func untested(_ more: [String: String], waiting: Set<String> = []) -> [String] {
        let tree = [
            "Package.swift": "tests(\"BytesTests\")\ntests(\"LinuxTests\")",
            "Sources/Core/Bytes/Hex.swift": "struct Hex {}",
            "Sources/Core/Empty/Empty.swift": "// empty",
            "Sources/Edge/CLinux/CLinux.c": "int a;",
            "Sources/Edge/Linux/File.swift": "struct File {}",
            "Sources/pulsegate/main.swift": "run()",
            "Tests/Core/BytesTests/HexTests.swift": "struct A { @Test func a() {} }",
            "Tests/Edge/LinuxTests/FileTests.swift": "final class A: XCTestCase {}",
        ]
        let changed = files(tree.merging(more) { $1 })
        return TreeRules.roomsWithoutTests(changed, waiting: waiting).map(\.description)
    }

    @Test func roomsWithTestsAndRoomsWithoutCodeAreFine() { #expect(untested([:]) == []) }

    @Test func roomWithoutTestsIsFound() {
        let missing = ["Sources/Core/Bytes:1: Bytes has no tests"]
        #expect(untested(["Tests/Core/BytesTests/HexTests.swift": "struct A {}"]) == missing)
        #expect(untested(["Package.swift": "tests(\"LinuxTests\")"]) == missing)
        #expect(
            untested(["Sources/Core/New/New.swift": "struct New {}"])
                == ["Sources/Core/New:1: New has no tests"])
    }

    @Test func roomMayWaitForTestsAndOnlyUntilItHasSome() {
        let new = ["Sources/Core/New/New.swift": "struct New {}"]
        #expect(untested(new, waiting: ["New"]) == [])
        #expect(
            untested([:], waiting: ["Gone"])
                == ["Sources:1: Gone waits for tests and is no room"])
        #expect(
            untested(new, waiting: ["New", "Bytes"])
                == ["Sources/Core/Bytes:1: Bytes has tests and need not wait"])
    }

    @Test func productOfABuildIsFound() {
        let kept = TreeRules.keptProducts([
            "Package.swift", "Package.resolved", "cloud/Package.resolved", ".build/a",
            ".build-arm/b",
            "Sources/Core/build/a.swift", "Tests/__pycache__/a.pyc", ".gitignore",
        ])
        #expect(
            kept.map(\.path) == [
                "Package.resolved", "cloud/Package.resolved", ".build/a", ".build-arm/b",
                "Tests/__pycache__/a.pyc",
            ])
    }

    @Test func offenceIsShownAsPathAndLine() {
        let offence = Offence(path: "Sources/Core/Bytes/Hex.swift", line: 7, what: "try!")
        #expect(offence.description == "Sources/Core/Bytes/Hex.swift:7: try!")
    }
}
