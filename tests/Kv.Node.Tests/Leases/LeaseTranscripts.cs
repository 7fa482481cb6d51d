using System.Globalization;
using Kv.Store.Leases;
using Kv.Testing;

namespace Kv.Node.Tests.Leases;

/// <summary>The rules of when leases end, played on one member that leads or does not.</summary>
public sealed class LeaseTranscripts : IDisposable
{
    private readonly BackendOnDisk _disk = new();
    private readonly ManualTime _time = new();
    private readonly LeaseBook _book;
    private readonly LeaseClock _clock;

    public LeaseTranscripts()
    {
        _book = new LeaseBook(_disk.Backend, ttlMin: 2);
        _clock = new LeaseClock(_book, _time, new LeaseClockOptions { ExpiredMax = 3, ExpiriesPerSecondMax = 2 });
    }

    public static TheoryData<string> Files => [.. Transcript.FilesIn("transcripts")];

    [Theory]
    [MemberData(nameof(Files))]
    public void Plays_as_written(string path) => Transcript.Check(path, Answer);

    public void Dispose() => _disk.Dispose();

    private string Answer(Command command)
    {
        switch (command.Verb)
        {
            case "lead":
                _clock.Promote(TimeSpan.FromSeconds(command.Number("extension", 0)));
                return "";
            case "follow":
                _clock.Demote();
                return "";
            case "grant":
                return $"{_book.Grant(Id(command), (long)command.Number("ttl"), out long granted)}, {granted} s\n";
            case "revoke":
                return $"{_book.Remove(Id(command))}\n";
            case "renew":
                LeaseRenewal renewal = _clock.Renew(Id(command), out long ttl);
                return renewal == LeaseRenewal.Renewed ? $"{renewal}, {ttl} s\n" : $"{renewal}\n";
            case "checkpoint":
                return $"{_book.Checkpoint(Id(command), (long)command.Number("remaining"), isKept: true)}\n";
            case "wait":
                _time.Advance(TimeSpan.FromMilliseconds(command.Number("ms")));
                return "";
            case "look":
                return Look();
            case "life":
                return _clock.TryGetLife(Id(command), out LeaseLife life)
                    ? $"{life.RemainingTtl} of {life.GrantedTtl} s\n"
                    : "none\n";
            case "list":
                return $"{string.Join(' ', _clock.IdsByRemainingTime())}\n";
            default:
                throw new InvalidDataException($"No command '{command.Verb}'.");
        }
    }

    private string Look()
    {
        var expired = new List<long>();
        _clock.TakeExpired(expired);
        var due = new List<LeaseCheckpoint>();
        _clock.TakeCheckpoints(due);
        string ended = expired.Count > 0 ? $"ended: {string.Join(' ', expired)}\n" : "";
        return ended + string.Concat(due.Select(one => $"checkpoint: {one.Id} has {one.RemainingTtl} s\n"));
    }

    private static long Id(Command command) => long.Parse(command.Words[0], CultureInfo.InvariantCulture);
}
