// As far as our modules must know it; written by hand.
export const Fill: any, GeoJSON: any, ImageLayer: any, ImageStatic: any, Map: any, Projection: any;
export const ScaleLine: any, Stroke: any, Style: any, VectorLayer: any, VectorSource: any, View: any;
