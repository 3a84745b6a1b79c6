import Testing

/// The rules of the house over the tree as it is. Offenders are listed as path:line.
struct TreeTests {
    /// Rooms without tests of their own, each to be taken off when it has some.
    private static let waiting: Set<String> = []

    private func expectNone(
        _ offences: [Offence], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let list = offences.sorted().map(\.description).joined(separator: "\n")
        #expect(offences.isEmpty, "\n\(list)", sourceLocation: sourceLocation)
    }

    private func expectNone(
        in files: [SourceFile] = SourceTree.sources, _ rule: (SourceFile) -> [Offence],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectNone(files.flatMap(rule), sourceLocation: sourceLocation)
    }

    @Test func treeIsThere() {
        #expect(SourceTree.files.contains { $0.path == "Package.swift" })
        #expect(SourceTree.files.contains { $0.path == "Tests/Tidy/TreeTests.swift" })
        #expect(SourceTree.sources.contains { $0.path == "Sources/Core/Bytes/Hex.swift" })
        #expect(SourceTree.sources.contains { $0.path.hasSuffix(".h") })
    }

    @Test func coreImportsNothingOfTheWorld() { expectNone(FileRules.pureCore) }

    @Test func sourcesDoWithoutFoundation() { expectNone(FileRules.noFoundation) }

    @Test func sourcesHaveNoTraps() { expectNone(FileRules.noTraps) }

    @Test func corePrintsNothing() { expectNone(FileRules.silentCore) }

    @Test func typesOfOtherRoomsAreDocumented() { expectNone(FileRules.documentedTypes) }

    @Test func linesAreAtMost100CharactersLong() {
        expectNone(in: SourceTree.files, FileRules.shortLines)
    }

    @Test func filesAreAtMost500LinesLong() {
        expectNone(in: SourceTree.files, FileRules.shortFiles)
    }

    @Test func functionsAreAtMost70LinesLong() {
        expectNone(in: SourceTree.files, FileRules.shortFunctions)
    }

    @Test func noNotesToOurselvesAreLeft() {
        expectNone(in: SourceTree.files, FileRules.noNotes)
    }

    @Test func arrowsGoFromTheExecutablesToEdgeToCore() {
        expectNone(TreeRules.arrows(SourceTree.sources))
    }

    @Test func cModuleIsImportedByOneSwiftTarget() {
        expectNone(TreeRules.oneOwner(SourceTree.sources))
    }

    @Test func everyRoomHasTests() {
        expectNone(TreeRules.roomsWithoutTests(SourceTree.files, waiting: Self.waiting))
    }

    @Test(.enabled(if: SourceTree.trackedPaths() != nil, "the tree is not in git"))
    func nothingIsKeptThatABuildMakes() throws {
        let paths = try #require(SourceTree.trackedPaths())
        #expect(paths.contains("Package.swift"))
        expectNone(TreeRules.keptProducts(paths))
    }
}
