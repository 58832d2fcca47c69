// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

/** Draws the medians: bars for single figures, lines for growth; of the last JDK of the run. */
final class Plot {
  private static final int WIDTH = 560;
  private static final int HEIGHT = 360;
  private static final int COLUMNS = 2;

  private final Options options;
  private final Results results;
  private final String jdk;

  Plot(Options options, Results results) {
    this.options = options;
    this.results = results;
    List<String> jdks = results.jdks();
    this.jdk = jdks.isEmpty() ? "" : jdks.get(jdks.size() - 1);
  }

  void write(Path file) throws IOException {
    System.setProperty("java.awt.headless", "true");
    List<BufferedImage> charts = new ArrayList<>();
    bars(
        charts,
        "CPU per push, µs",
        false,
        Map.entry("1,000 in flight", "throughput/cpu"),
        Map.entry("5,000/s", "rate5000/cpu"));
    bars(charts, "pushes per second", false, Map.entry("1,000 in flight", "throughput/rate"));
    bars(
        charts,
        "latency p50, µs",
        true,
        Map.entry("one at a time", "one/p50"),
        Map.entry("1,000/s", "rate1000/p50"),
        Map.entry("5,000/s", "rate5000/p50"));
    bars(
        charts,
        "latency p99, µs",
        true,
        Map.entry("one at a time", "one/p99"),
        Map.entry("1,000/s", "rate1000/p99"),
        Map.entry("5,000/s", "rate5000/p99"));
    lines(
        charts,
        "CPU per push, µs",
        "pushes in flight",
        Figures.IN_FLIGHT,
        n -> "inflight" + n + "/cpu");
    lines(
        charts,
        "until all have answered, p50, µs",
        "devices per call",
        Figures.DEVICES,
        n -> "devices" + n + "/p50");
    int rows = (charts.size() + COLUMNS - 1) / COLUMNS;
    BufferedImage image =
        new BufferedImage(WIDTH * COLUMNS, HEIGHT * Math.max(1, rows), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    for (int i = 0; i < charts.size(); i++) {
      graphics.drawImage(charts.get(i), i % COLUMNS * WIDTH, i / COLUMNS * HEIGHT, null);
    }
    graphics.dispose();
    ImageIO.write(image, "png", file.toFile());
  }

  @SafeVarargs
  private void bars(
      List<BufferedImage> charts,
      String title,
      boolean logarithmic,
      Map.Entry<String, String>... figures) {
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).build();
    double least = Double.MAX_VALUE;
    for (Sender.Client client : options.clients()) {
      List<String> names = new ArrayList<>();
      List<Double> values = new ArrayList<>();
      for (Map.Entry<String, String> figure : figures) {
        OptionalDouble median = results.median(jdk, client, figure.getValue());
        names.add(figure.getKey());
        values.add(median.orElse(0));
      }
      if (values.stream().anyMatch(value -> value > 0)) {
        least = Math.min(least, Collections.min(values));
        chart.addSeries(client.title, names, values).setFillColor(color(client));
      }
    }
    if (!chart.getSeriesCollection().isEmpty()) {
      plain(chart.getStyler());
      if (logarithmic && least > 0) { // else there is no logarithm
        chart.getStyler().setYAxisLogarithmic(true);
        chart.getStyler().setYAxisMin(Math.pow(10, Math.floor(Math.log10(least))));
      }
      charts.add(BitmapEncoder.getBufferedImage(chart));
    }
  }

  private void lines(
      List<BufferedImage> charts,
      String title,
      String axis,
      List<Integer> steps,
      IntFunction<String> figure) {
    XYChart chart =
        new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle(axis).build();
    for (Sender.Client client : options.clients()) {
      List<Integer> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      for (int step : steps) {
        results
            .median(jdk, client, figure.apply(step))
            .ifPresent(
                value -> {
                  if (value > 0) { // less than the clock shows has no logarithm
                    x.add(step);
                    y.add(value);
                  }
                });
      }
      if (!x.isEmpty()) {
        XYSeries series = chart.addSeries(client.title, x, y);
        series.setLineColor(color(client));
        series.setMarkerColor(color(client));
      }
    }
    if (!chart.getSeriesCollection().isEmpty()) {
      plain(chart.getStyler());
      chart.getStyler().setXAxisLogarithmic(true);
      chart.getStyler().setYAxisLogarithmic(true);
      charts.add(BitmapEncoder.getBufferedImage(chart));
    }
  }

  private static Color color(Sender.Client client) {
    return switch (client) {
      case VOIP_PUSH -> new Color(0x1b7837);
      case VOIP_PUSH_CALL -> new Color(0x8fc98f);
      case PUSHY -> new Color(0x762a83);
      case OKHTTP -> new Color(0xe08214);
    };
  }

  private static void plain(AxesChartStyler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setChartTitleBoxVisible(false);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideS);
    styler.setLegendLayout(Styler.LegendLayout.Horizontal);
    styler.setYAxisDecimalPattern("#,##0.###");
    styler.setXAxisDecimalPattern("#,##0");
  }
}
