using System.Text.Json;

namespace Kv.Server.Snapshots;

/// <summary>What <c>snapshot take</c> answers, in one line of JSON. The operator reads it.</summary>
internal sealed record TakenSnapshot
{
    public required long Revision { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    public required string Sha256 { get; init; }

    public required string Location { get; init; }

    /// <summary>Always true: what could not be proven right is an error, and is not kept.</summary>
    public bool Verified { get; init; } = true;

    /// <summary>Where it was taken from; null if an earlier attempt of the same owner has left it.</summary>
    public string? Endpoint { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, SnapshotJson.Answers.TakenSnapshot);

    /// <summary>What is answered in its place when there is none.</summary>
    public static string ErrorJson(string error) =>
        JsonSerializer.Serialize(new SnapshotError(error), SnapshotJson.Answers.SnapshotError);
}

/// <summary>What <c>snapshot take</c> answers when there is no snapshot.</summary>
internal sealed record SnapshotError(string Error);
