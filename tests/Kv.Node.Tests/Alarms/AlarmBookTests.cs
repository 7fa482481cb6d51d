using System.Text.Json;
using Etcdserverpb;
using Kv.Node.Tests.Leases;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Alarms;

public sealed class AlarmBookTests : IDisposable
{
    private readonly BackendOnDisk _disk = new();

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void An_alarm_is_on_until_it_is_turned_off_even_over_a_restart()
    {
        var book = new AlarmBook(_disk.Backend);
        Assert.False(book.HasNoSpace);
        AlarmMember raised = book.Activate(7, AlarmType.Nospace);
        Assert.Same(raised, book.Activate(7, AlarmType.Nospace)); // said again, no error
        book.Activate(3, AlarmType.Corrupt);

        _disk.Reopen();
        book = new AlarmBook(_disk.Backend);
        Assert.True(book.HasNoSpace);
        Assert.True(book.IsCorrupt);
        Assert.Equal(raised, Assert.Single(book.Raised(AlarmType.Nospace)));
        Assert.Equal(2, book.Raised(AlarmType.None).Count());

        Assert.Equal(raised, book.Deactivate(7, AlarmType.Nospace));
        Assert.Null(book.Deactivate(7, AlarmType.Nospace));
        Assert.Null(book.Deactivate(7, AlarmType.Corrupt));
        Assert.False(book.HasNoSpace);

        _disk.Reopen();
        book = new AlarmBook(_disk.Backend);
        Assert.Equal([3ul], book.Raised(AlarmType.None).Select(alarm => alarm.MemberID));
        Assert.True(book.IsCorrupt);
    }

    [Theory]
    [InlineData("3.5.30", "nospace")]
    [InlineData("3.7.1", "nospace")]
    [InlineData("3.7.1", "clean")]
    public void Reads_the_alarms_that_etcd_stored(string version, string variant)
    {
        using var disk = BackendOnDisk.OfFixture($"{version}-{variant}");
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        IEnumerable<string> alarms = expected.RootElement
            .GetProperty("variants").GetProperty(variant).GetProperty("after_restart").GetProperty("alarms")
            .EnumerateArray()
            .Select(alarm => $"memberID:{alarm.GetProperty("member_id").GetProperty("dec").GetUInt64()} " +
                $"alarm:{alarm.GetProperty("alarm").GetString()}");
        Assert.Equal(alarms, new AlarmBook(disk.Backend).Texts().Select(text => text.TrimEnd()));
    }
}
