// What of ECharts the pictures need: one file, loaded only where something is drawn.
export { init, registerMap, use } from "echarts/core";
import { use } from "echarts/core";
import { CustomChart, LineChart, SankeyChart } from "echarts/charts";
import {
  GeoComponent,
  GridComponent,
  LegendComponent,
  TitleComponent,
  TooltipComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

use([
  CanvasRenderer, // for PNG files, which need no picture from a blob: address then
  CustomChart,
  GeoComponent,
  GridComponent,
  LabelLayout,
  LegendComponent,
  LineChart,
  SVGRenderer,
  SankeyChart,
  TitleComponent,
  TooltipComponent,
]);

// A base map is a TopoJSON file; this turns it into what ECharts draws.
export { feature as featureOf } from "topojson-client";
