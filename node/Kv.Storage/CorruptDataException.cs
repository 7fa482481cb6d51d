using System.Diagnostics.CodeAnalysis;

namespace Kv.Storage;

/// <summary>The disk holds something that this program cannot have written, or not all that it wrote. Thrown on open
/// or read; nothing carries on after it. <paramref name="place"/> names file and offset or page,
/// <paramref name="finding"/> what is wrong and, where there is one, how to proceed.</summary>
public sealed class CorruptDataException(string place, string finding) : Exception($"{place}: {finding}")
{
    /// <summary>File and offset, page or index.</summary>
    public string Place { get; } = place;

    /// <summary>What is wrong there.</summary>
    public string Finding { get; } = finding;

    [DoesNotReturn]
    public static void Throw(string place, string finding) => throw new CorruptDataException(place, finding);
}
