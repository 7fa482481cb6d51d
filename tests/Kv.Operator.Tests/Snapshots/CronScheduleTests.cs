using System.Globalization;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Tests.Snapshots;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z")]
    [InlineData("0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z")]
    [InlineData("*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z")]
    [InlineData("5/20 * * * *", "2026-01-01T00:06:00Z", "2026-01-01T00:25:00Z")]
    [InlineData("10-20/5,50 8 * * *", "2026-01-01T08:20:00Z", "2026-01-01T08:50:00Z")]
    [InlineData("0 0 31 * *", "2026-01-31T12:00:00Z", "2026-03-31T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z")]
    [InlineData("30 23 31 12 *", "2026-12-31T23:30:00Z", "2027-12-31T23:30:00Z")]
    [InlineData("0 6 * * MON-fri", "2026-01-02T06:00:00Z", "2026-01-05T06:00:00Z")]
    [InlineData("0 6 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T06:00:00Z")]
    [InlineData("0 6 * * 5-7", "2026-01-04T05:00:00Z", "2026-01-04T06:00:00Z")]
    [InlineData("0 0 1 jan,Jul *", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z")]
    public void The_next_time_is_the_first_that_all_fields_name(string text, string after, string next) =>
        Assert.Equal(Time(next), CronSchedule.Parse(text).Next(Time(after)));

    [Fact]
    public void Of_two_days_that_are_both_restricted_either_is_enough()
    {
        var cron = CronSchedule.Parse("0 0 13 * 5");

        Assert.Equal(
            ["02-06", "02-13", "02-20", "02-27", "03-06", "03-13"],
            Times(cron, "2026-02-01T00:00:00Z", 6).Select(time => $"{time:MM-dd}"));
        Assert.Equal(
            Time("2026-02-15T00:00:00Z"), CronSchedule.Parse("0 0 */2 * 0").Next(Time("2026-02-02T00:00:00Z")));
    }

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("0 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")]
    [InlineData("0 * * * *", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z")]
    [InlineData("*/30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z")]
    public void Where_clocks_change_no_run_is_lost_and_none_is_done_twice(
        string text, string after, string first, string second) => Assert.Equal(
            [Time(first), Time(second)], Times(CronSchedule.Parse(text, "Europe/Berlin"), after, 2));

    /// <summary>By real time: two clocks' changes have 24 hours' worth of runs an hour apart all the same.</summary>
    [Theory]
    [InlineData("Europe/Berlin", "2026-03-28T00:00:00Z")]
    [InlineData("America/New_York", "2026-10-31T00:00:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-04-04T00:00:00Z")]
    public void An_hourly_schedule_never_pauses_for_more_than_ninety_minutes(string zone, string from)
    {
        DateTimeOffset[] times = [.. Times(CronSchedule.Parse("0 * * * *", zone), from, 60)];

        Assert.All(times.Zip(times.Skip(1)), pair =>
            Assert.InRange(pair.Second - pair.First, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(90)));
    }

    /// <summary>Whatever the year brings: once a day, at a time that the clock shows or has skipped.</summary>
    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("America/Santiago")]
    [InlineData("Asia/Kolkata")]
    [InlineData("Australia/Lord_Howe")]
    public void A_daily_schedule_comes_once_on_each_day_of_a_year(string zone)
    {
        foreach (string text in new[] { "30 0 * * *", "15 2 * * *", "59 23 * * *" })
        {
            var there = TimeZoneInfo.FindSystemTimeZoneById(zone);
            DateTime[] days =
            [
                .. Times(CronSchedule.Parse(text, zone), "2026-01-01T12:00:00Z", 365)
                    .Select(time => TimeZoneInfo.ConvertTime(time, there).Date),
            ];

            Assert.All(days.Zip(days.Skip(1)), pair => Assert.Equal(pair.First.AddDays(1), pair.Second));
        }
    }

    [Fact]
    public void Of_missed_times_the_last_is_found()
    {
        Assert.Equal(Time("2026-06-01T11:59:00Z"), CronSchedule.Parse("* * * * *").LastWithin(
            Time("2020-01-01T00:00:00Z"), Time("2026-06-01T11:59:30Z")));
        Assert.Equal(Time("2026-05-31T03:00:00Z"), CronSchedule.Parse("0 3 * * *").LastWithin(
            Time("2026-01-01T00:00:00Z"), Time("2026-06-01T02:59:59Z")));
        Assert.Null(CronSchedule.Parse("0 3 * * *").LastWithin(
            Time("2026-06-01T03:00:00Z"), Time("2026-06-02T02:59:59Z")));
        Assert.Equal(Time("2026-06-02T03:00:00Z"), CronSchedule.Parse("0 3 * * *").LastWithin(
            Time("2026-06-01T03:00:00Z"), Time("2026-06-02T03:00:00Z")));
    }

    [Theory]
    [InlineData("0 3 * *", "has 4 fields")]
    [InlineData("0 3 * * * *", "has 6 fields")]
    [InlineData("", "has 0 fields")]
    [InlineData("60 3 * * *", "'60' cannot be a minute: a number from 0 to 59")]
    [InlineData("0 24 * * *", "'24' cannot be a hour")]
    [InlineData("0 3 0 * *", "'0' cannot be a day of the month")]
    [InlineData("0 3 * 13 *", "'13' cannot be a month")]
    [InlineData("0 3 * * 8", "'8' cannot be a day of the week")]
    [InlineData("0 3 * foo *", "'foo' cannot be a month")]
    [InlineData("*/0 3 * * *", "'*/0' cannot be a minute")]
    [InlineData("20-10 3 * * *", "'20-10' cannot be a minute")]
    [InlineData("1-2-3 3 * * *", "'1-2-3' cannot be a minute")]
    [InlineData("1,,2 3 * * *", "'' cannot be a minute")]
    [InlineData("-1 3 * * *", "'' cannot be a minute")]
    [InlineData("1/2/3 3 * * *", "'1/2/3' cannot be a minute")]
    [InlineData("99999999999 3 * * *", "cannot be a minute")]
    [InlineData("0 0 31 2 *", "never comes")]
    [InlineData("0 0 30 2,2 *", "never comes")]
    public void What_is_no_schedule_is_told_in_words(string text, string said) => Assert.Contains(
        said, Assert.Throws<FormatException>(() => CronSchedule.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_time_zone_that_is_not_known_is_told() => Assert.Contains(
        "'Europe/Atlantis' is no time zone",
        Assert.Throws<FormatException>(() => CronSchedule.Parse("0 3 * * *", "Europe/Atlantis")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("90m", 90)]
    [InlineData("12h", 720)]
    [InlineData("30d", 43200)]
    [InlineData("4w", 40320)]
    [InlineData("0m", null)]
    [InlineData("m", null)]
    [InlineData("-1h", null)]
    [InlineData("1y", null)]
    [InlineData("1.5h", null)]
    [InlineData(null, null)]
    public void Spans_are_read_as_people_write_them(string? text, int? minutes) =>
        Assert.Equal(minutes is { } given ? TimeSpan.FromMinutes(given) : null, SpanText.Parse(text));

    private static IEnumerable<DateTimeOffset> Times(CronSchedule cron, string after, int count)
    {
        DateTimeOffset time = Time(after);
        for (int index = 0; index < count; index++)
        {
            time = cron.Next(time)!.Value;
            yield return time;
        }
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
