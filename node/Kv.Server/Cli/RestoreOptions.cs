using Kv.Server.Configuration;

namespace Kv.Server.Cli;

/// <summary>What a snapshot is restored into.</summary>
internal sealed record RestoreOptions
{
    public required string Name { get; init; }

    public required IReadOnlyList<InitialMember> Members { get; init; }

    public required string Token { get; init; }

    public required string DataDirectory { get; init; }

    /// <summary>Empty if the log has no directory of its own.</summary>
    public required string WalDirectory { get; init; }

    public required bool SkipsHashCheck { get; init; }

    /// <summary>By how much the revision is raised, and all before it marked as compacted: so that watchers which have
    /// seen revisions that the snapshot lacks learn of it. 0 for not at all.</summary>
    public required long BumpRevision { get; init; }

    /// <summary>The SHA-256 that the whole file has to have, in lower-case hexadecimal, where it comes from elsewhere;
    /// empty if any will do.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Reads the members and checks what can be checked before any file is touched.</summary>
    public static IReadOnlyList<InitialMember> ReadMembers(string members, string name, string peerUrls)
    {
        var faults = new List<string>();
        var read = BootstrapRules.ReadMembers(members, faults);
        var flag = FlagTable.Find("initial-advertise-peer-urls")!;
        if (FlagText.FaultIn(flag, peerUrls) is { } fault)
            faults.Add(fault);
        if (faults.Count == 0)
            BootstrapRules.CheckOwn(read, name, FlagText.ToUrls(peerUrls), faults);
        return faults.Count == 0 ? read : throw new CommandFailedException(string.Join("; ", faults));
    }
}
